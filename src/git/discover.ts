import { mkdir, open, readFile, realpath, rename, rm, stat, lstat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { ExpectedError } from '../errors.ts'
import { removeLeftovers, syncDirectory, temporaryPath } from './durable.ts'
import { ifPresent, isFileError, unsupportedRepository } from './failures.ts'
import { configFlag, configValue, readConfigFile } from './config.ts'
import type { GitConfig } from './config.ts'

/** Where the parts of a repository are, for one directory in it; all paths absolute and without symbolic links. */
export interface RepositoryPlace {
  /** Holds HEAD and the index. */
  readonly gitDirectory: string
  /** Holds objects, refs and config; the same but in a linked worktree. */
  readonly commonDirectory: string
  /** Absent in a bare repository. */
  readonly workTree?: string
  /** The directory's path within the work tree, with `/`; '' at the top. */
  readonly prefix: string
  /** The repository's own configuration file, without includes. */
  readonly config: GitConfig
}

/**
 * Finds the repository that holds a directory, which need not exist yet, as git does: upwards, not across file
 * systems; `GIT_DIR` and its like are not asked. Source: https://git-scm.com/docs/git#Documentation/git.txt-GITDIR
 */
export async function findRepository(directory: string): Promise<RepositoryPlace | undefined> {
  const target = await realPath(resolve(directory))
  let device: number | undefined
  for (let at = target; ; at = dirname(at)) {
    const status = await ifPresent(stat(at))
    if (status !== undefined && device !== undefined && status.dev !== device) return undefined
    device ??= status?.dev
    const gitDirectory = await gitDirectoryIn(at)
    if (gitDirectory !== undefined) return await placeIn(gitDirectory, at, target)
    if (await isGitDirectory(at)) return await barePlace(at, target)
    if (dirname(at) === at) return undefined
  }
}

/** A path without symbolic links, also when its end does not exist. */
export async function realPath(path: string): Promise<string> {
  const real = await ifPresent(realpath(path))
  return (
    real ?? (dirname(path) === path ? path : join(await realPath(dirname(path)), basename(path)))
  )
}

async function gitDirectoryIn(directory: string): Promise<string | undefined> {
  const path = join(directory, '.git')
  const status = await ifPresent(stat(path))
  if (status === undefined) return undefined
  if (status.isDirectory()) return (await isGitDirectory(path)) ? await realpath(path) : undefined
  const pointer = /^gitdir: (.*?)\s*$/s.exec(await readFile(path, 'utf8'))?.[1]
  const target = pointer === undefined ? undefined : resolve(directory, pointer)
  if (target !== undefined && (await isGitDirectory(target))) return await realpath(target)
  throw new ExpectedError(
    'repository-broken',
    `${path} points to no git repository.`,
    'Repair it (git worktree repair, or git submodule update) or move the backup directory elsewhere.',
  )
}

async function isGitDirectory(path: string): Promise<boolean> {
  const head = await ifPresent(lstat(join(path, 'HEAD')))
  if (head === undefined || head.isDirectory()) return false
  const common = await commonDirectoryOf(path)
  const [objects, refs] = [join(common, 'objects'), join(common, 'refs')]
  const found = [await ifPresent(stat(objects)), await ifPresent(stat(refs))]
  return found.every((status) => status?.isDirectory() === true)
}

async function commonDirectoryOf(gitDirectory: string): Promise<string> {
  const written = await ifPresent(readFile(join(gitDirectory, 'commondir'), 'utf8'))
  return written === undefined ? gitDirectory : resolve(gitDirectory, written.trim())
}

async function placeIn(
  gitDirectory: string,
  workTree: string,
  target: string,
): Promise<RepositoryPlace> {
  const commonDirectory = await realPath(await commonDirectoryOf(gitDirectory))
  const config = await readConfigFile(join(commonDirectory, 'config'))
  checkFormat(config, commonDirectory)
  const ofWorktree = configFlag(config, 'extensions.worktreeconfig')
    ? await readConfigFile(join(gitDirectory, 'config.worktree'))
    : config
  const configured = configValue(ofWorktree, 'core.worktree')
  const isLinked = commonDirectory !== gitDirectory
  const elsewhere =
    configured !== undefined &&
    !isLinked &&
    (await realPath(resolve(gitDirectory, configured))) !== workTree
  if (elsewhere || (!isLinked && configFlag(ofWorktree, 'core.bare') === true)) {
    throw unsupportedRepository(
      `${gitDirectory} says that its work tree is not ${workTree} (core.worktree, core.bare).`,
      'Remove that setting, or move the backup directory to another repository.',
    )
  }
  const prefix = relative(workTree, target).split(sep).join('/')
  return { gitDirectory, commonDirectory, workTree, prefix, config }
}

async function barePlace(gitDirectory: string, target: string): Promise<RepositoryPlace> {
  const config = await readConfigFile(join(gitDirectory, 'config'))
  const isBare = configFlag(config, 'core.bare') ?? basename(gitDirectory) !== '.git'
  if (!isBare || target !== gitDirectory) {
    throw unsupportedRepository(
      `The backup directory ${target} lies inside git's own directory ${gitDirectory}.`,
      'Choose a directory of the work tree, or the bare repository itself.',
    )
  }
  checkFormat(config, gitDirectory)
  return { gitDirectory, commonDirectory: gitDirectory, prefix: '', config }
}

const knownExtensions = [
  'noop',
  'partialclone',
  'preciousobjects',
  'worktreeconfig',
  'relativeworktrees',
]

/** Source: https://git-scm.com/docs/repository-version */
function checkFormat(config: GitConfig, directory: string): void {
  const version = Number(configValue(config, 'core.repositoryformatversion') ?? '0')
  const reasons = [...config.keys()]
    .filter((key) => key.startsWith('extensions.'))
    .map((key) => [key.slice('extensions.'.length), configValue(config, key) ?? ''] as const)
    .filter(([name, value]) => !isHarmless(name, value.toLowerCase()))
    .map(([name, value]) => `extensions.${name} = ${value}`)
  if (version <= 1 && (reasons.length === 0 || version === 0)) return
  throw unsupportedRepository(
    `The repository ${directory} has a format that is not supported: ${reasons.join(', ') || `version ${version}`}.`,
    'Use a repository with SHA-1 objects and ref files (git init --object-format=sha1 --ref-format=files).',
  )
}

function isHarmless(name: string, value: string): boolean {
  if (name === 'objectformat') return value === 'sha1'
  if (name === 'refstorage') return value === 'files'
  return knownExtensions.includes(name)
}

/** Makes an empty repository in a directory, which is made too; a kill leaves a whole one or none. */
export async function createRepository(directory: string, branch: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await removeLeftovers(directory)
  const draft = temporaryPath(directory)
  try {
    for (const name of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info']) {
      await mkdir(join(draft, name), { recursive: true })
    }
    const config =
      '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n'
    for (const [name, content] of [
      ['config', config],
      ['HEAD', `ref: refs/heads/${branch}\n`],
    ] as const) {
      const file = await open(join(draft, name), 'wx')
      await file.writeFile(content)
      await file.sync()
      await file.close()
    }
    await rename(draft, join(directory, '.git'))
    await syncDirectory(directory)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    if (!isFileError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR')) throw error
    throw new ExpectedError(
      'repository-broken',
      `${join(directory, '.git')} exists and is no git repository.`,
      'Move it away, or repair it, then run again.',
      { cause: error },
    )
  }
}
