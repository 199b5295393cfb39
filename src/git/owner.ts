import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync, readdirSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * The name of this process that no other process ever had: `host-boot-pid-start`. It stands in our lock and
 * temporary files, so that a later run can prove that whoever made them is dead.
 * Without /proc pid and start are 0, and only age speaks. Source: proc_pid_stat(5), field 22.
 */
export function processToken(): string {
  const self = processStat('self')
  return [...machine(), self?.pid ?? '0', self?.start ?? '0'].join('-')
}

/** Matches a token within a name or a text; its groups are host, boot, pid and start. */
export const tokenPattern = /([0-9a-f]{8})-([0-9a-f]{8})-(\d+)-(\d+)/

/**
 * Whether the process of a token is certainly gone: the same machine has rebooted since, or runs no process of
 * that number and start. Undefined: can't be known here (another host or container, no /proc).
 */
export function isGone(token: string): boolean | undefined {
  const [, host, boot, pid, start] = tokenPattern.exec(token) ?? []
  const [thisHost, thisBoot] = machine()
  if (host === undefined || pid === undefined || pid === '0' || host !== thisHost) return undefined
  if (boot !== thisBoot) return true
  return processStat(pid)?.start !== start
}

/** Whether a program of git runs in or below one of these directories, or one runs whose place can't be seen. */
export function gitRunsIn(directories: readonly string[]): boolean {
  const processes = attempt(() => readdirSync('/proc').filter((name) => /^\d+$/.test(name))) ?? []
  return processes.some((pid) => {
    if (processStat(pid)?.command.startsWith('git') !== true) return false
    const place = attempt(() => readlinkSync(`/proc/${pid}/cwd`))
    return place === undefined || directories.some((top) => `${place}/`.startsWith(`${top}/`))
  })
}

let machineParts: readonly [string, string] | undefined

function machine(): readonly [string, string] {
  // The pid namespace belongs to the host: containers may share a host name and a volume, not process numbers.
  const namespace = attempt(() => readlinkSync('/proc/self/ns/pid')) ?? ''
  const boot = attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? ''
  machineParts ??= [digest(hostname() + namespace), digest(boot)]
  return machineParts
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

function processStat(pid: string): { pid: string; command: string; start: string } | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  // The command stands in parentheses and may hold blanks and parentheses itself.
  const parts = /^(\d+) \((.*)\) (.*)$/s.exec(stat ?? '')
  const [, number, command, rest] = parts ?? []
  const start = rest?.split(' ')[19]
  if (number === undefined || command === undefined || start === undefined) return undefined
  return { pid: number, command, start }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
