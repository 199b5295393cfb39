import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readFileSync, readdirSync } from 'node:fs'
import { readOptionFile, type OptionFiles } from '../../../src/engines/mysql/option-file.ts'
import { program } from '../../support/program.ts'
import { temporaryDirectory } from '../../support/servers.ts'

const files: OptionFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  list: (directory) => readdirSync(directory),
}

const hard = String.raw`
# a comment
; another
[client]
user = ann	
password="a#b'c\"d"
host='it''s # here'   # and a comment
port=3307 # cut
socket=/a b/\s\t\n\\x
loose_name=a_b
[mysqldump]
password=other
[client]
ssl-ca = plain#cut
skip-ssl
quote="only at the start
empty=
spaced   =   "  kept  "
!include INCLUDED
!includedir DIRECTORY
[schema_backup]
user=backup
`

test('reads what the vendor reads', async () => {
  const directory = await temporaryDirectory()
  const more = join(directory, 'more')
  mkdirSync(more)
  writeFileSync(join(more, 'b.cnf'), '[client]\nfrom_b=1\n')
  writeFileSync(join(more, 'a.cnf'), '[client]\nfrom_a=1\n')
  writeFileSync(join(more, 'c.txt'), '[client]\nfrom_c=1\n')
  writeFileSync(join(directory, 'included.cnf'), '[client]\nincluded="yes # yes"\n')
  const main = join(directory, 'my.cnf')
  writeFileSync(
    main,
    hard.replace('INCLUDED', join(directory, 'included.cnf')).replace('DIRECTORY', more),
  )
  const groups = ['client', 'schema_backup']
  const vendor = execFileSync(program('my_print_defaults'), [
    `--defaults-file=${main}`,
    ...groups,
  ]).toString()
  const ours = readOptionFile(main, files)
    .filter(({ group }) => groups.includes(group))
    .map(({ name, value }) => (value === undefined ? `--${name}` : `--${name}=${value}`))
  expect(`${ours.join('\n')}\n`.replaceAll('_', '-')).toBe(vendor.replaceAll('_', '-'))
  expect(ours).toContain('--included=yes # yes')
})

test('a file that includes itself ends', () => {
  const loop: OptionFiles = { read: () => '!include /x\n[client]\nuser=a\n', list: () => [] }
  expect(readOptionFile('/x', loop).length).toBeGreaterThan(0)
})
