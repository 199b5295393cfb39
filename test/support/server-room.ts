import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const prefix = 'schema_backup-test-'

/**
 * Ends every server whose pid file lies in the room, and removes the room. Run by a shell of its own that waits for the
 * end of its standard input: the kernel closes that when the runner is gone, however it went.
 * SIGQUIT is PostgreSQL's immediate shutdown, which takes its children along; the others get SIGKILL.
 */
const caretaker = `
trap '' INT TERM HUP QUIT
room=$1
cat > /dev/null
# The number may have gone to another process since: only one that names the room is ours. A zombie names nothing.
is_ours() {
  { tr '\\0' ' ' < "/proc/$1/cmdline" || ps -ww -o args= -p "$1"; } 2> /dev/null | grep -qF "$room"
}
for file in "$room"/*/server.pid; do
  [ -f "$file" ] || continue
  pid=$(head -n 1 "$file")
  is_ours "$pid" || continue
  case "$file" in */postgres*) kill -QUIT "$pid" ;; *) kill -KILL "$pid" ;; esac
  tries=0
  while is_ours "$pid" && [ "$tries" -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
  if is_ours "$pid"; then kill -KILL "$pid"; fi
done
rm -rf "$room" || { sleep 1; rm -rf "$room"; }
`

/** The temporary directory of one run: servers, databases as files, scratch directories. */
export interface ServerRoom {
  readonly directory: string
  /** Stops every server in the room and removes it. */
  close(): Promise<void>
}

/** Makes the room of this run and sweeps up rooms whose runner and caretaker were both killed. */
export async function openServerRoom(): Promise<ServerRoom> {
  await sweepOrphans()
  const directory = await mkdtemp(join(tmpdir(), prefix))
  // PostgreSQL runs as nobody in here.
  await chmod(directory, 0o755)
  await mkdir(join(directory, 'scratch'))
  await writeFile(join(directory, 'runner.pid'), `${process.pid}\n`)
  const shell = startCaretaker(directory)
  return {
    directory,
    close: async () => {
      await dismiss(shell)
    },
  }
}

function startCaretaker(directory: string): ChildProcess {
  // A session of its own: Ctrl-C goes to the runner alone.
  const shell = spawn('sh', ['-c', caretaker, 'caretaker', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  })
  shell.unref()
  return shell
}

/** Lets the caretaker do its work now and waits for it. */
async function dismiss(shell: ChildProcess): Promise<void> {
  shell.ref()
  const ended = once(shell, 'exit')
  shell.stdin?.end()
  await ended
}

async function sweepOrphans(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const directory = join(tmpdir(), name)
    if (!name.startsWith(prefix) || !(await isOrphan(directory))) continue
    await dismiss(startCaretaker(directory))
  }
}

async function isOrphan(directory: string): Promise<boolean> {
  const text = await readFile(join(directory, 'runner.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return false
  try {
    process.kill(Number(text), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
