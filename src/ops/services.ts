import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ExpectedError } from '../errors.ts'
import type { Environment } from '../model.ts'

/** The services around a database and how to drive them. */
export interface Services {
  /** What the consumers need: restarted before the read. */
  readonly providers: readonly string[]
  /** What writes to the database: stopped during the read. */
  readonly consumers: readonly string[]
  /** Program and leading arguments; the action and the service's name follow. */
  readonly serviceCommand: readonly string[]
}

/** What happens to the services: `model` starts the consumers again after the work, `target` leaves them stopped. */
export type ServiceMode = 'model' | 'target'

type Action = 'stop' | 'start' | 'restart'

const run = promisify(execFile)

const next =
  'Run that command by hand to see why; check `providers`, `consumers` and `service_command` in the configuration.'

/**
 * Stops the consumers, restarts the providers, does the work, and in `model` mode restarts the consumers,
 * also when the work failed. A service that can't be stopped or restarted aborts before the work
 * (ExpectedError `service-failed`), and every consumer that was stopped is started again.
 */
export async function withServices<T>(
  mode: ServiceMode,
  services: Services,
  environment: Environment,
  work: () => Promise<T>,
): Promise<T> {
  const drive = (action: Action, service: string) =>
    driveService(services.serviceCommand, action, service, environment)
  await quieten(services, drive)
  if (mode === 'target') return await work()
  try {
    return await work()
  } finally {
    await eachService(services.consumers, (service) => drive('restart', service))
  }
}

async function quieten(
  services: Services,
  drive: (action: Action, service: string) => Promise<void>,
): Promise<void> {
  const stopped: string[] = []
  try {
    for (const consumer of services.consumers) {
      // Counted as stopped before the attempt: a service that failed half-way is started again too.
      stopped.push(consumer)
      await drive('stop', consumer)
    }
    for (const provider of services.providers) await drive('restart', provider)
  } catch (error) {
    await eachService(stopped, (service) => drive('start', service)).catch((second: unknown) => {
      throw serviceFailed([error, second])
    })
    throw error
  }
}

/** Goes on to the next service after a failure: one that can't start must not keep the others down. */
async function eachService(
  services: readonly string[],
  action: (service: string) => Promise<void>,
): Promise<void> {
  const failures: ExpectedError[] = []
  for (const service of services) {
    await action(service).catch((error: unknown) => {
      if (!(error instanceof ExpectedError)) throw error
      failures.push(error)
    })
  }
  if (failures.length > 0) throw serviceFailed(failures)
}

/** One error for several; what is no ExpectedError is a bug and goes first. */
function serviceFailed(errors: readonly unknown[]): unknown {
  const bug = errors.find((error) => !(error instanceof ExpectedError))
  return (
    bug ??
    new ExpectedError('service-failed', errors.map(messageOf).join(' '), next, { cause: errors[0] })
  )
}

async function driveService(
  command: readonly string[],
  action: Action,
  service: string,
  environment: Environment,
): Promise<void> {
  const [program = 'systemctl', ...leading] = command
  try {
    await run(program, [...leading, action, service], { env: { ...environment } })
  } catch (error) {
    throw new ExpectedError(
      'service-failed',
      `Service ${service}: "${[program, ...leading, action, service].join(' ')}" failed${reason(error)}.`,
      next,
      { cause: error },
    )
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code, stderr } = error as Error & { code?: string | number; stderr?: string }
  const said = stderr?.trim().split('\n')[0] ?? ''
  if (said !== '') return ` (${said})`
  return code === undefined ? '' : ` (${typeof code === 'number' ? `status ${code}` : code})`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
