import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianTree } from '../../scripts/setup/places.mjs'
import { hasDebianTree, treeCommand } from './debian-tree.ts'
import { clientAnswer, mysqlSocket } from './launch-mariadb.ts'
import { run } from './program.ts'
import type { Launcher, Place } from './start-server.ts'

const tree = 'mysql'

/** False where the set-up could not get a MySQL server; it has said why. */
export const mysqlIsInstalled: boolean = hasDebianTree(tree)

/** The command of one of MySQL's own clients. */
export function mysqlClient(name: 'mysql' | 'mysqldump'): readonly string[] {
  return treeCommand(tree, `usr/bin/${name}`)
}

/** MySQL from Debian's next release. */
export const mysql: Launcher = {
  user: 'root',
  socket: mysqlSocket,
  initialize(place) {
    mkdirSync(join(place.directory, 'data'))
    const [program = '', ...words] = mysqld(place)
    run(program, [...words, '--initialize-insecure'])
    const quoted = place.password.replaceAll("'", "''")
    writeFileSync(
      join(place.directory, 'init.sql'),
      `CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '${quoted}';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
ALTER USER 'root'@'localhost' IDENTIFIED BY '${quoted}';
`,
    )
  },
  command: (place) => [
    ...mysqld(place),
    `--socket=${mysqlSocket(place)}`,
    `--pid-file=${join(place.directory, 'daemon.pid')}`,
    `--port=${place.port}`,
    '--bind-address=127.0.0.1',
    '--mysqlx=OFF',
    '--skip-name-resolve',
    // One that is switched off stays off, whatever comes later.
    ...((place.options ?? []).some((option) => option.startsWith('--log-bin'))
      ? []
      : ['--skip-log-bin']),
    `--init-file=${join(place.directory, 'init.sql')}`,
  ],
  version: (place) => clientAnswer(place, mysqlClient('mysql')),
}

function mysqld(place: Place): readonly string[] {
  const share = join(debianTree(tree), 'usr', 'share', 'mysql')
  return [
    ...treeCommand(tree, 'usr/sbin/mysqld'),
    '--no-defaults',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--datadir=${join(place.directory, 'data')}`,
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    `--plugin-dir=${join(debianTree(tree), 'usr', 'lib', 'mysql', 'plugin')}`,
    '--secure-file-priv=NULL',
    // Nobody needs these databases after a power cut.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--skip-innodb-doublewrite',
    '--innodb-buffer-pool-size=64M',
    '--innodb-redo-log-capacity=16M',
    '--performance-schema=OFF',
    ...(place.options ?? []),
  ]
}
