import { literal } from '../quote.ts'
import type { Secrecy } from '../../secrets.ts'

/** One option of a wrapper, server, user mapping, foreign table or column. */
export interface GenericOption {
  readonly name: string
  readonly quoted: string
  readonly value: string
}

/** SQL: an array of options as JSON array of GenericOption; none: null. */
export function genericOptions(options: string): string {
  return `CASE WHEN ${options} IS NOT NULL THEN (SELECT json_agg(json_build_object('name', o.option_name, 'quoted', quote_ident(o.option_name),
      'value', coalesce(o.option_value, '')) ORDER BY o.option_name COLLATE "C") FROM pg_options_to_table(${options}) o) END`
}

/** An option that is added, or whose value is set. */
export interface ChangedOption extends GenericOption {
  readonly action: 'ADD' | 'SET'
}

/** Options apart: what everybody may read, and what goes to the private directory. */
export interface SplitOptions {
  readonly shared: readonly GenericOption[]
  readonly secret: readonly ChangedOption[]
}

/** An option that is secret by its value alone stays, empty: the wrapper may insist on it. */
export function splitOptions(
  options: readonly GenericOption[] | null,
  secrecyOf: (name: string, value: string) => Secrecy,
): SplitOptions {
  const all = (options ?? []).map((option) => ({
    option,
    secrecy: secrecyOf(option.name, option.value),
  }))
  return {
    shared: all.flatMap(({ option, secrecy }) => {
      if (secrecy === 'option') return []
      return [secrecy === 'none' ? option : { ...option, value: '' }]
    }),
    secret: all.flatMap(({ option, secrecy }) => {
      if (secrecy === 'none') return []
      return [{ ...option, action: secrecy === 'option' ? 'ADD' : 'SET' }]
    }),
  }
}

function optionText({ quoted, value }: GenericOption): string {
  return `${quoted} ${literal(value)}`
}

/** `OPTIONS (…)` of a CREATE statement, one option a line, in a line that begins with `indent`; none: nothing. */
export function optionsClause(options: readonly GenericOption[], indent = '  '): string[] {
  if (options.length === 0) return []
  const lines = options.map((option) => `${indent}  ${optionText(option)}`)
  return [`OPTIONS (\n${lines.join(',\n')}\n${indent})`]
}

/** ` OPTIONS (…)` within a line; none: ''. */
export function optionsInLine(options: readonly GenericOption[]): string {
  return options.length === 0 ? '' : ` OPTIONS (${options.map(optionText).join(', ')})`
}

/** The statement that changes options of what `alter` names; none: no statement. */
export function changeOptions(alter: string, options: readonly ChangedOption[]): string[] {
  if (options.length === 0) return []
  const changes = options.map((option) => `${option.action} ${optionText(option)}`)
  return [`${alter} OPTIONS (${changes.join(', ')});`]
}

/** The statement that adds options to what `alter` names; none: no statement. */
export function addOptions(alter: string, options: readonly GenericOption[]): string[] {
  return changeOptions(
    alter,
    options.map((option) => ({ ...option, action: 'ADD' })),
  )
}
