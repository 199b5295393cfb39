import type { TextPolicies } from '../../../model.ts'
import { endOfColumns, startOfPartitions } from '../create-table.ts'
import { isToken, joinTokens, tokenize } from '../lexer.ts'
import { withoutCredentials } from '../redact.ts'

/** A table's definition, and its partitions where they stand beside it. */
export interface PartitionedText {
  readonly statement: string
  /** `PARTITION BY …` with the white space in front of it. */
  readonly partitions?: string
}

/** What comes and goes by a job: partitions by HASH and KEY are as many as somebody decided. */
const rotating = ['RANGE', 'LIST', 'SYSTEM_TIME']

/** Takes the partitions out of a CREATE TABLE statement as the policy says. */
export function withoutPartitions(
  statement: string,
  { partitions: policy }: TextPolicies,
): PartitionedText {
  if (policy === 'keep') return { statement }
  const tokens = tokenize(statement)
  const end = endOfColumns(tokens)
  const start = end + startOfPartitions(tokens.slice(end))
  const own = tokens.slice(start)
  const text = joinTokens(own)
  const plain = joinTokens(tokens.slice(0, start))
  if (policy === 'strip' || text === '') return { statement: plain }
  const by = own.findIndex((token) => isToken(token, 'BY'))
  const method = own.slice(by + 1).find(({ kind }) => kind === 'word')
  const rotates = rotating.some((word) => isToken(method, word))
  // A password in a comment would stand in a shared file.
  const isPublic = withoutCredentials(statement).sql.endsWith(text)
  return rotates && isPublic ? { statement: plain, partitions: text } : { statement }
}
