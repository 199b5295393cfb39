import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program, run } from './program.ts'
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

/** Debian's MariaDB. */
export const mariadb: Launcher = {
  user,
  socket: mysqlSocket,
  initialize(place) {
    const data = join(place.directory, 'data')
    mkdirSync(data)
    const install = ['--no-defaults', `--datadir=${data}`, '--skip-test-db']
    const login = ['--auth-root-authentication-method=normal', ...asRoot()]
    run(program('mariadb-install-db'), [...install, ...login])
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
  command: (place) => [
    program('mariadbd'),
    '--no-defaults',
    ...asRoot(),
    `--datadir=${join(place.directory, 'data')}`,
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
  ],
  version: (place) => clientAnswer(place, [program('mariadb')]),
}

/** The server refuses to run as root unless it is told to. */
function asRoot(): readonly string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : []
}
