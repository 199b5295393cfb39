import type { TextPolicies } from '../../model.ts'

const keepLine = (line: string): string | undefined => line

/**
 * A filter for the lines of one dump's definitions, which leaves out what the policies write otherwise: whom programs
 * belong to, partitions, when events began. Lines come in their order; undefined: the line is left out.
 */
export function policyFilter(
  texts: TextPolicies | undefined,
): (line: string) => string | undefined {
  if (texts === undefined) return keepLine
  const filters = [
    ...(texts.definers === 'keep' ? [] : [withoutDefiner]),
    ...(texts.eventStarts === 'keep' ? [] : [withoutStarts]),
    ...(texts.partitions === 'keep'
      ? []
      : [partitionFilter(texts.partitions === 'rotate' ? rotated : anyPartitions)]),
  ]
  return (line) => filters.reduce<string | undefined>((text, filter) => text && filter(text), line)
}

const definer =
  /^(CREATE |\/\*!50013 |\/\*!50003 CREATE\*\/ \/\*!50017 |\/\*!50106 CREATE\*\/ \/\*!50117 )DEFINER=(?:`(?:[^`]|``)*`|"(?:[^"]|"")*")(?:@(?:`(?:[^`]|``)*`|"(?:[^"]|"")*"))?/

function withoutDefiner(line: string): string {
  return line.replace(definer, '$1')
}

function withoutStarts(line: string): string {
  if (!line.startsWith('/*!50106 CREATE*/ ')) return line
  return line.replace(/ STARTS '[^']*'(?= (?:ENDS '|ON COMPLETION ))/, '')
}

const anyPartitions = /^(?: |\/\*!\d+ )PARTITION BY /
const rotated = /^(?: |\/\*!\d+ )PARTITION BY (?:RANGE|LIST|SYSTEM_TIME)\b/

/** Partitions stand between the options of a table and the end of its statement. */
function partitionFilter(first: RegExp): (line: string) => string | undefined {
  let isWithin = false
  return (line) => {
    const isLeftOut = isWithin || first.test(line)
    isWithin = isLeftOut && !line.endsWith(';')
    if (isLeftOut) return undefined
    return line.startsWith(') ENGINE=') ? line.replace(/;$/, '') : line
  }
}
