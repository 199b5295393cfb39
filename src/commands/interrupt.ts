import { setTimeout as wait } from 'node:timers/promises'

/** The result of `work`, or the reason of the signal as soon as it is aborted: a server that hangs can't hold a stop. */
export async function interruptible<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) work.catch(ignore)
  signal.throwIfAborted()
  const stopped = Promise.withResolvers<never>()
  const stop = () => {
    stopped.reject(signal.reason as Error)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** Waits; an abort of the signal ends it with the signal's reason. */
export async function sleep(seconds: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(seconds * 1000, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}

function ignore(): void {
  // Nobody waits for the result of work that was begun after the stop.
}
