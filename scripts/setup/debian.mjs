import process from 'node:process'
import { findProgram } from './places.mjs'
import { run, say } from './run.mjs'

/** Programs that the tests start, and the Debian package of each. */
const packages = {
  mariadbd: 'mariadb-server',
  'mariadb-dump': 'mariadb-client',
  psql: 'postgresql-client',
  sqlite3: 'sqlite3',
  git: 'git',
  gcc: 'gcc',
  bzip2: 'bzip2',
}

/** Installs the system's packages whose programs are missing; throws with what to do when it may not. */
export function installDebianPackages() {
  const missing = Object.keys(packages).filter((program) => findProgram(program) === undefined)
  if (missing.length === 0) return
  const names = [...missing.map((program) => packages[program]), ...companions(missing)]
  if (findProgram('apt-get') === undefined) {
    throw new Error(
      `The tests need ${missing.join(', ')} and this system has no apt-get to install them with.\n` +
        'Install MariaDB (server and client), the PostgreSQL client, sqlite3, git, gcc and bzip2 with your own package manager.',
    )
  }
  const rights = administratorRights(names)
  say(`${names.join(', ')} from the system's packages`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const aptGet = (words) => run(rights[0], [...rights.slice(1), ...words], { env: environment })
  aptGet(['apt-get', 'update', '-q'])
  // Debian starts what it installs; these servers are for the tests alone and start their own.
  const withoutServices = ['RUNLEVEL=1', 'DEBIAN_FRONTEND=noninteractive', 'apt-get']
  aptGet(['env', ...withoutServices, 'install', '-q', '-y', '--no-install-recommends', ...names])
}

/** Packages that bring no program, and that those named only recommend: the headers of the C library. */
function companions(missing) {
  return missing.includes('gcc') ? ['libc6-dev'] : []
}

/** The words before a command that make it run as root. */
function administratorRights(names) {
  if (process.getuid?.() === 0) return ['env']
  const sudo = findProgram('sudo')
  if (sudo !== undefined) return [sudo, '-n']
  throw new Error(
    `The tests need packages that only root can install. Run this once:\n  apt-get install ${names.join(' ')}`,
  )
}
