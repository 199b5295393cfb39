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
import { run, say } from './setup/run.mjs'

try {
  installPackages()
  if (!process.argv.includes('--packages-only')) {
    installDebianPackages()
    installPostgres()
    installWanted('postgres-client', ['postgresql-client-18'], 'dumps of PostgreSQL 18 fail')
    installWanted('mysql', ['mysql-server-core', 'mysql-client-core'], 'MySQL is NOT TESTED')
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
  try {
    installDebianTree(tree, 'sid', packages)
  } catch (error) {
    console.error(
      `set-up: ${packages.join(', ')} can't be had here, so ${consequence}.\n${error.message}`,
    )
  }
}
