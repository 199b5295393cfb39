import type { Environment } from '../model.ts'

/** A text with its variables filled in, and what could not be filled in, in words. */
export interface Expanded {
  readonly text: string
  readonly problems: readonly string[]
}

const reference = /\$\$\{|\$\{([^}]*)(\}?)/g

/**
 * Fills `${VARIABLE}` from the environment; `$${` stands for a plain `${`. No problem quotes a value.
 * `encode` is applied to each value that is filled in.
 */
export function expandVariables(
  text: string,
  environment: Environment,
  encode: (value: string) => string = (value) => value,
): Expanded {
  const problems: string[] = []
  const expanded = text.replaceAll(reference, (found: string, name?: string, end?: string) => {
    if (found === '$${') return '${'
    const value = name === undefined ? undefined : environment[name]
    if (name === undefined || end !== '}' || !/^[A-Za-z_]\w*$/.test(name)) {
      problems.push('"${" begins a variable, but no variable name and "}" follow')
    } else if (value === undefined) {
      problems.push(`the environment variable ${name} is not set`)
    } else {
      return encode(value)
    }
    return ''
  })
  return { text: expanded, problems }
}

/** Like expandVariables for a URL: values in its user and password are percent-encoded. */
export function expandUrlVariables(url: string, environment: Environment): Expanded {
  const login = /^[^:/?#]+:\/\/[^/?#]*@/.exec(url)?.[0] ?? ''
  const start = login.indexOf('://') + 1
  const parts = [
    expandVariables(login.slice(0, start), environment),
    expandVariables(login.slice(start), environment, encodeURIComponent),
    expandVariables(url.slice(login.length), environment),
  ]
  return {
    text: parts.map((part) => part.text).join(''),
    problems: parts.flatMap((part) => part.problems),
  }
}
