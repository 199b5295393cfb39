import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findConfigFile, type FindRequest } from '../../src/config/find.ts'
import { expectedError, scratchDirectory } from './support.ts'

test('the configuration is looked for in the documented order', async () => {
  const workingDirectory = await scratchDirectory()
  const place = (name: string) => join(workingDirectory, name)
  const systemFile = place('system.conf')
  const find = (request: Partial<FindRequest> = {}) =>
    findConfigFile({ environment: {}, workingDirectory, systemFile, ...request })

  const nothing = await expectedError(find())
  expect(nothing).toMatchObject({ code: 'configuration-not-found', status: 78 })
  expect(nothing.message.split('\n').slice(1)).toEqual([
    `  ${place('etc/schema_backup.conf')}`,
    `  ${place('schema_backup.conf')}`,
    `  ${systemFile}`,
  ])

  await writeFile(systemFile, '')
  expect(await find()).toBe(systemFile)
  await writeFile(place('schema_backup.conf'), '')
  expect(await find()).toBe(place('schema_backup.conf'))
  await mkdir(place('etc'))
  await writeFile(place('etc/schema_backup.conf'), '')
  expect(await find({ environment: { SCHEMA_BACKUP_CONFIG: '' } })).toBe(
    place('etc/schema_backup.conf'),
  )
  const environment = { SCHEMA_BACKUP_CONFIG: 'system.conf' }
  expect(await find({ environment })).toBe(systemFile)
  expect(await find({ environment, explicit: 'schema_backup.conf' })).toBe(
    place('schema_backup.conf'),
  )
})

test('a named file that is missing is no reason to take another one', async () => {
  const workingDirectory = await scratchDirectory()
  await writeFile(join(workingDirectory, 'schema_backup.conf'), '')
  const environment = { SCHEMA_BACKUP_CONFIG: 'x.conf' }
  const byVariable = await expectedError(findConfigFile({ environment, workingDirectory }))
  expect(byVariable.message).toBe(
    `There is no configuration ${join(workingDirectory, 'x.conf')}, which SCHEMA_BACKUP_CONFIG names.`,
  )
  const explicit = await expectedError(
    findConfigFile({ environment: {}, workingDirectory, explicit: '/nowhere/y.conf' }),
  )
  expect(explicit.message).toContain('/nowhere/y.conf, which --config names')
})
