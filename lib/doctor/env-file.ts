// Reads .env files as Next.js does. `util.parseEnv` came with Node 20.12 and expands no variables.

type Environment = Record<string, string | undefined>

/** A line, with a value that may span several lines if it is quoted. The expression is that of the package dotenv. */
const LINE =
  /^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/gm

/** The variables in the text of a file, without those that they refer to. */
export function parseEnvFile(text: string): Record<string, string> {
  const variables: Record<string, string> = {}
  for (const [, name = '', value = ''] of text.replace(/\r\n?/g, '\n').matchAll(LINE)) {
    const trimmed = value.trim()
    const unquoted = trimmed.replace(/^(['"`])([\s\S]*)\1$/, '$2')
    variables[name] = trimmed.startsWith('"')
      ? unquoted.replace(/\\n/g, '\n').replace(/\\r/g, '\r')
      : unquoted
  }
  return variables
}

/** `value` with what `$NAME` and `${NAME}` refer to; `\$` is a dollar sign. */
export function expand(value: string, environment: Environment, depth = 0): string {
  return value.replace(/(\\)?\$(?:\{(\w+)\}|(\w+))/g, (text, escaped, braced, plain) => {
    if (escaped) return text.slice(1)
    const referred = environment[braced ?? plain]
    return referred === undefined || depth > 9 ? '' : expand(referred, environment, depth + 1)
  })
}
