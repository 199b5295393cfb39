import { snapshot } from './support.ts'

/** `node child.ts DIRECTORY once|forever`: makes snapshots, each different; prints a line for each. */
const [directory = '', mode] = process.argv.slice(2)
for (let number = 0; number === 0 || mode === 'forever'; number += 1) {
  const content: Record<string, string> = {
    fixed: 'fixed\n',
    [`moves/${number % 7}`]: `${number}\n`,
  }
  for (let file = 0; file < 5; file += 1)
    content[`files/${file}`] = `${number} ${process.pid} ${file}\n`
  try {
    const { commit, index } = await snapshot(directory, content)
    process.stdout.write(`${commit ?? 'same'} ${JSON.stringify(index)}\n`)
  } catch (error) {
    const { code, next } = error as { code?: string; next?: string }
    process.stdout.write(`failed ${code ?? String(error)} ${next ?? ''}\n`)
    process.exitCode = 2
  }
}
