import { renameSync, rmSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { fileAtRest, wouldLeaveFiles } from '../../../src/engines/sqlite/at-rest.ts'
import { makeDatabase } from './refill.ts'
import { scratchDirectory } from './round-trip.ts'

const scratch = scratchDirectory()
afterAll(scratch.remove)

const changed = expect.objectContaining({ code: 'changed-while-reading' }) as Error

describe('a file that another program takes away', () => {
  it('has changed where it goes before it is looked at', () => {
    const path = scratch.path('gone.db')
    expect(() => wouldLeaveFiles(path)).toThrow(changed)
    expect(() => fileAtRest(path)).toThrow(changed)
  })

  it('has changed where it goes while it is read, and where another comes in its place', () => {
    const [path, other] = [scratch.path('read.db'), scratch.path('other.db')]
    for (const each of [path, other]) makeDatabase(each, 'CREATE TABLE t (x)')
    const file = fileAtRest(path)
    expect(() => file?.requireRest()).not.toThrow()
    rmSync(path)
    expect(() => file?.requireRest()).toThrow(changed)
    renameSync(other, path)
    expect(() => file?.requireRest()).toThrow(changed)
  })
})
