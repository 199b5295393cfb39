import { SingleBar } from 'cli-progress'
import type { Progress } from './commands/context.ts'

/** Work shorter than this shows no bar. */
const patienceMilliseconds = 1000

/** A bar on a terminal for work longer than a second; nothing where `stream` is no terminal. */
export function terminalProgress(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { start: ignore, show: ignore, stop: ignore }
  let bar: SingleBar | undefined
  let timer: NodeJS.Timeout | undefined
  const state = { label: '', total: 0, done: 0, what: '' }
  const begin = () => {
    bar = new SingleBar({
      stream,
      format: '{label} [{bar}] {value}/{total} {what}',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
    })
    bar.start(state.total, state.done, { label: state.label, what: state.what })
  }
  const stop = () => {
    clearTimeout(timer)
    bar?.stop()
    bar = undefined
  }
  return {
    start(label, total) {
      stop()
      Object.assign(state, { label, total, done: 0, what: '' })
      timer = setTimeout(begin, patienceMilliseconds)
    },
    show(done, what) {
      Object.assign(state, { done, what })
      bar?.update(done, { what })
    },
    stop,
  }
}

function ignore(): void {
  // No terminal, nothing to show.
}
