import process from 'node:process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory, debianTree } from './places.mjs'
import { run, say } from './run.mjs'

/**
 * Unpacks packages of another Debian release, with everything that they need down to the C library, into a tree of
 * their own; the system's packages stay as they are. Throws when the release can't be reached.
 */
export function installDebianTree(name, suite, packages) {
  if (existsSync(join(debianTree(name), 'complete'))) return
  say(`${packages.join(', ')} from Debian ${suite}, unpacked into the cache`)
  inPrivateApt(suite, 'deb', (staging, aptGet) => {
    aptGet(['install', '-q', '-y', '--no-install-recommends', '--download-only', ...packages])
    const tree = join(staging, 'tree')
    const archives = join(staging, 'cache', 'archives')
    for (const file of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', join(archives, file), tree])
    }
    keepTree(tree, name)
  })
}

/** Puts a directory that was made whole into the cache, under its name. */
export function keepTree(tree, name) {
  run('chmod', ['-R', 'a+rX', tree])
  writeFileSync(join(tree, 'complete'), '')
  rmSync(debianTree(name), { recursive: true, force: true })
  renameSync(tree, debianTree(name))
}

/**
 * Calls `use` with a directory that is removed afterwards and an apt-get of its own that works in it; `types` is `deb`,
 * or `deb deb-src` where sources are wanted too.
 */
export function inPrivateApt(suite, types, use) {
  mkdirSync(cacheDirectory, { recursive: true })
  const staging = mkdtempSync(join(cacheDirectory, 'apt-'))
  try {
    const configuration = writeAptRoot(staging, suite, types)
    const environment = { ...process.env, APT_CONFIG: configuration }
    const aptGet = (words) => run('apt-get', words, { env: environment, cwd: staging })
    aptGet(['update', '-q'])
    use(staging, aptGet)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

/** An apt that knows no installed package, so that it resolves the whole set; signatures are checked as ever. */
function writeAptRoot(staging, suite, types) {
  for (const directory of ['etc', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(staging, directory), { recursive: true })
  }
  writeFileSync(join(staging, 'status'), '')
  writeFileSync(join(staging, 'etc', 'other.sources'), sourcesOf(suite, types))
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': join(staging, 'etc'),
    'Dir::State': join(staging, 'state'),
    'Dir::State::status': join(staging, 'status'),
    'Dir::Cache': join(staging, 'cache'),
    // An archive that is kept as it was on a day has a release file of that day.
    'Acquire::Check-Valid-Until': 'false',
    'APT::Sandbox::User': '',
    'APT::Get::AllowUnauthenticated': 'false',
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key} "${value}";\n`)
  const file = join(staging, 'apt.conf')
  writeFileSync(file, lines.join(''))
  return file
}

/** The system's own Debian entry (mirror and keys) with the release replaced. */
function sourcesOf(suite, types) {
  const directory = '/etc/apt/sources.list.d'
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  const texts = existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith('.sources'))
        .map((name) => readFileSync(join(directory, name), 'utf8'))
    : []
  const listed = existsSync('/etc/apt/sources.list')
    ? readFileSync('/etc/apt/sources.list', 'utf8')
    : ''
  const address =
    /^URIs:\s*(\S+\/debian)\/?\s*$/m.exec(texts.join('\n'))?.[1] ??
    /^deb\s+(?:\[[^\]]*\]\s+)?(\S+\/debian)\/?\s/m.exec(listed)?.[1] ??
    'http://deb.debian.org/debian'
  return `Types: ${types}\nURIs: ${address}\nSuites: ${suite}\nComponents: main\nSigned-By: ${keys}\n`
}
