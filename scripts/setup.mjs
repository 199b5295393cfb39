// Makes the checkout ready for `npm test` and `npm run demo`: npm's packages, and with no argument also the servers
// and clients that the tests start. Runs on the system's Node, which may be older than the project's own.
import console from 'node:console'
import process from 'node:process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { installDebianPackages } from './setup/debian.mjs'
import { projectDirectory } from './setup/places.mjs'
import { installPostgres } from './setup/postgres.mjs'
import { installDebianTree } from './setup/private-apt.mjs'
import { installRegressionTests } from './setup/regression.mjs'
import { run, say } from './setup/run.mjs'

try {
  installPackages()
  if (!process.argv.includes('--packages-only')) {
    installDebianPackages()
    installPostgres()
    installWanted('postgres-client', ['postgresql-client-18'], 'dumps of PostgreSQL 16 to 18 fail')
    installWanted('pgbouncer', ['pgbouncer'], 'the tests of poolers fail')
    installWanted('mysql', ['mysql-server-core', 'mysql-client-core'], 'MySQL is NOT TESTED')
    wanted(
      () => installDebianTree('mariadb11', 'trixie', ['mariadb-server-core', 'mariadb-client']),
      'MariaDB 11.8',
      'MariaDB 11 is NOT TESTED',
    )
    wanted(
      () => installDebianTree('mariadb10.5', 'bullseye', ['mariadb-server-core-10.5']),
      'MariaDB 10.5',
      'MariaDB 10.5 is NOT TESTED',
    )
    wanted(
      installRegressionTests,
      "PostgreSQL's own regression tests",
      'the regression database is NOT TESTED',
    )
  }
} catch (error) {
  console.error(`set-up: ${error.message}`)
  process.exitCode = 1
}

function installPackages() {
  if (existsSync(join(projectDirectory, 'node_modules', '.bin', 'node'))) return
  say("npm's packages (npm ci)")
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: projectDirectory })
}

/** What only a newer Debian has: the tests go on without it and say what is missing. */
function installWanted(tree, packages, consequence) {
  wanted(() => installDebianTree(tree, 'sid', packages), packages.join(', '), consequence)
}

function wanted(install, what, consequence) {
  try {
    install()
  } catch (error) {
    console.error(`set-up: ${what} can't be had here, so ${consequence}.\n${error.message}`)
  }
}
