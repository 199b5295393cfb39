import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianTree } from '../../scripts/setup/places.mjs'
import { hasDebianTree, treeCommand } from './debian-tree.ts'
import { program, run } from './program.ts'
import { oldestMariadb as oldestName } from './server-names.ts'
import type { Launcher, Place } from './start-server.ts'

const user = 'root'

/** The unix socket of a server of either product. */
export function mysqlSocket(place: Place): string {
  return join(place.directory, 's.sock')
}

/** The version of a running server, asked by a client that logs in as root; throws until it answers. */
export function clientAnswer(place: Place, client: readonly string[]): string {
  // Before its pid file is there, the server may answer without having run its init file.
  readFileSync(join(place.directory, 'daemon.pid'))
  const options = join(place.directory, 'root.cnf')
  writeFileSync(options, `[client]\nuser=${user}\npassword="${place.password}"\n`, { mode: 0o600 })
  const [first = '', ...rest] = client
  const words = [`--defaults-file=${options}`, `--socket=${mysqlSocket(place)}`, '--batch']
  const question = ['--skip-column-names', '--execute=SELECT VERSION()']
  return run(first, [...rest, ...words, ...question]).trim()
}

/** Whose programs make up a MariaDB: the system's, or a tree's. */
interface Programs {
  client(name: 'mariadb' | 'mariadb-dump'): readonly string[]
  /** The server without options of a place. */
  readonly server: () => readonly string[]
  /** Makes an empty data directory, whose path is given. */
  install(data: string): void
}

const systemPrograms: Programs = {
  client: (name) => [program(name)],
  server: () => [program('mariadbd'), '--no-defaults'],
  install(data) {
    const install = ['--no-defaults', ...placesIn(data), '--skip-test-db']
    const login = ['--auth-root-authentication-method=normal', ...asRoot()]
    run(program('mariadb-install-db'), [...install, ...login])
  },
}

const newerTree = 'mariadb11'

/** False where the set-up could not get MariaDB 11; it has said why. */
export const newerMariadbIsInstalled: boolean = hasDebianTree(newerTree)

/** False where the set-up could not get MariaDB 10.5; it has said why. */
export const oldestMariadbIsInstalled: boolean = hasDebianTree(oldestName)

const newerPrograms: Programs = {
  client: (name) => treeCommand(newerTree, `usr/bin/${name}`),
  ...treeServer(newerTree, 'mariadb', [
    'mariadb_system_tables',
    'mariadb_performance_tables',
    'mariadb_system_tables_data',
    'maria_add_gis_sp_bootstrap',
    'mariadb_sys_schema',
  ]),
}

/** The clients are the system's: they know all that an older server does. */
const oldestPrograms: Programs = {
  client: (name) => systemPrograms.client(name),
  ...treeServer(oldestName, 'mysql', [
    'mysql_system_tables',
    'mysql_performance_tables',
    'mysql_system_tables_data',
    'maria_add_gis_sp_bootstrap',
  ]),
}

/** A tree's server, and how its system tables are made: its own program looks for it beside the system's libraries. */
function treeServer(
  tree: string,
  product: string,
  scripts: readonly string[],
): Pick<Programs, 'server' | 'install'> {
  const share = join(debianTree(tree), 'usr', 'share', product)
  const command = () => [
    ...treeCommand(tree, 'usr/sbin/mariadbd'),
    '--no-defaults',
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
  ]
  return {
    server: command,
    install(data) {
      const texts = scripts.map((name) => readFileSync(join(share, `${name}.sql`), 'utf8'))
      const head = 'CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n'
      const [server = '', ...words] = command()
      const options = [...asRoot(), ...placesIn(data), '--bootstrap', '--innodb-log-file-size=32M']
      run(server, [...words, ...options], process.env, head + texts.join('\n'))
    },
  }
}

/** The command of a client of the version of a MariaDB server. */
export function mariadbClient(server: string, name: 'mariadb' | 'mariadb-dump'): readonly string[] {
  return (server === newerTree ? newerPrograms : systemPrograms).client(name)
}

/** Debian's MariaDB. */
export const mariadb: Launcher = launcher(systemPrograms)

/** MariaDB from a newer Debian. */
export const newerMariadb: Launcher = launcher(newerPrograms)

/** MariaDB from an older Debian. */
export const oldestMariadb: Launcher = launcher(oldestPrograms)

function launcher(programs: Programs): Launcher {
  return {
    user,
    socket: mysqlSocket,
    initialize(place) {
      const data = join(place.directory, 'data')
      mkdirSync(data)
      programs.install(data)
      const quoted = place.password.replaceAll("'", "''")
      writeFileSync(
        join(place.directory, 'init.sql'),
        `DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
FLUSH PRIVILEGES;
CREATE USER 'root'@'127.0.0.1' IDENTIFIED BY '${quoted}';
GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;
ALTER USER 'root'@'localhost' IDENTIFIED BY '${quoted}';
`,
      )
    },
    command: (place) => [...programs.server(), ...serverOptions(place)],
    version: (place) => clientAnswer(place, programs.client('mariadb')),
  }
}

function serverOptions(place: Place): readonly string[] {
  return [
    ...asRoot(),
    ...placesIn(join(place.directory, 'data')),
    `--socket=${mysqlSocket(place)}`,
    `--pid-file=${join(place.directory, 'daemon.pid')}`,
    `--port=${place.port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    `--init-file=${join(place.directory, 'init.sql')}`,
    '--character-set-server=utf8mb4',
    // Nobody needs these databases after a power cut.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-flush-method=nosync',
    '--skip-innodb-doublewrite',
    '--sync-frm=OFF',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=32M',
    ...(place.options ?? []),
  ]
}

/** A server that starts removes the temporary tables that it finds, also those of others: each has a place of its own. */
function placesIn(data: string): readonly string[] {
  return [`--datadir=${data}`, `--tmpdir=${data}`]
}

/** The server refuses to run as root unless it is told to. */
function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : []
}
