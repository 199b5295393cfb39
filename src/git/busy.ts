import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { ExpectedError } from '../errors.ts'
import { ifPresent } from './failures.ts'

/** Files in the git directory that say that the user is in the middle of something. Source: wt-status.c of git. */
const operations: readonly (readonly [file: string, name: string, finish: string])[] = [
  ['MERGE_HEAD', 'merge', 'git merge --continue or git merge --abort'],
  ['rebase-merge', 'rebase', 'git rebase --continue or git rebase --abort'],
  [
    'rebase-apply',
    'rebase or git am',
    'git rebase --continue, git rebase --abort or git am --abort',
  ],
  ['CHERRY_PICK_HEAD', 'cherry-pick', 'git cherry-pick --continue or git cherry-pick --abort'],
  ['REVERT_HEAD', 'revert', 'git revert --continue or git revert --abort'],
  [
    'sequencer',
    'cherry-pick or revert of several commits',
    'git cherry-pick --abort or git revert --abort',
  ],
]

/** Throws ExpectedError `repository-busy` while a merge, rebase, cherry-pick or revert is under way. */
export async function refuseUnfinished(gitDirectory: string, workTree: string): Promise<void> {
  for (const [file, name, finish] of operations) {
    if ((await ifPresent(access(join(gitDirectory, file)).then(() => true))) === undefined) continue
    throw new ExpectedError(
      'repository-busy',
      `A ${name} is under way in ${workTree}; nothing was committed.`,
      `Finish it (${finish}), then run again.`,
    )
  }
}

/** Why a commit can't be made on a detached HEAD. */
export async function detachedHead(gitDirectory: string, workTree: string): Promise<ExpectedError> {
  const bisects =
    (await ifPresent(access(join(gitDirectory, 'BISECT_LOG')).then(() => true))) === true
  return new ExpectedError(
    'detached-head',
    `No branch is checked out in ${workTree} (detached HEAD${bisects ? ', git bisect is under way' : ''}); nothing was committed.`,
    bisects
      ? 'Finish it (git bisect reset), then run again; or set git.branch to commit to a branch of its own.'
      : 'Check out a branch (git switch BRANCH), then run again; or set git.branch to commit to a branch of its own.',
  )
}
