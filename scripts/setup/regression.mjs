import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { debianTree, findProgram, postgresDirectory, regressionTree } from './places.mjs'
import { inPrivateApt, keepTree } from './private-apt.mjs'
import { run, say } from './run.mjs'

const major = 15
const suite = 'bookworm'

/** Modules of the server that the regression tests load beside their own. */
const modules = ['autoinc.so', 'refint.so']

/**
 * Puts PostgreSQL's own regression tests into the cache, as Debian's source package has them: `sql/`, `data/`,
 * `parallel_schedule`, and in `lib/` the module that their functions are in. Throws when it can't be had or built.
 */
export function installRegressionTests() {
  if (existsSync(join(debianTree(regressionTree), 'complete'))) return
  for (const program of ['gcc', 'bzip2']) {
    if (findProgram(program) === undefined) throw new Error(`${program} is not installed.`)
  }
  say(`the regression tests of PostgreSQL ${major} from Debian ${suite}, built into the cache`)
  inPrivateApt(suite, 'deb deb-src', (staging, aptGet) => {
    aptGet(['source', '-q', '--download-only', `postgresql-${major}`])
    aptGet(['download', '-q', `postgresql-server-dev-${major}`])
    const tests = unpackTests(staging)
    const headers = unpackHeaders(staging)
    const tree = join(staging, 'tree')
    mkdirSync(join(tree, 'lib'), { recursive: true })
    for (const part of ['sql', 'data', 'parallel_schedule']) {
      cpSync(join(tests, part), join(tree, part), { recursive: true })
    }
    buildModule(join(tests, 'regress.c'), headers, join(tree, 'lib', 'regress.so'))
    for (const name of modules) {
      cpSync(join(postgresDirectory(major), 'lib', 'postgresql', name), join(tree, 'lib', name))
    }
    keepTree(tree, regressionTree)
  })
}

function unpackTests(staging) {
  const archive = fileIn(staging, /\.orig\.tar\.[a-z0-9]+$/)
  const source = join(staging, 'source')
  mkdirSync(source)
  const part = 'src/test/regress'
  run('tar', ['-xf', archive, '-C', source, '--strip-components=1', '--wildcards', `*/${part}/*`])
  return join(source, part)
}

function unpackHeaders(staging) {
  const headers = join(staging, 'headers')
  run('dpkg-deb', ['-x', fileIn(staging, /^postgresql-server-dev-.*\.deb$/), headers])
  return join(headers, 'usr', 'include', 'postgresql', `${major}`, 'server')
}

function buildModule(source, headers, module) {
  run('gcc', ['-O1', '-fPIC', '-shared', '-w', '-I', headers, '-o', module, source])
}

function fileIn(directory, pattern) {
  const name = readdirSync(directory).find((entry) => pattern.test(entry))
  if (name === undefined) throw new Error(`apt-get brought nothing like ${pattern}.`)
  return join(directory, name)
}
