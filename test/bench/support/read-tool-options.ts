const EXIT_USAGE = 64

/**
 * What a developers' tool was asked to do by the arguments of this process; `undefined`: nothing more, since the usage was
 * wanted, or `parse` has thrown an `Error` that says what is wrong, which is told with it.
 */
export const readToolOptions = <T>(parse: (argv: readonly string[]) => T, usage: string): T | undefined => {
  const argv = process.argv.slice(2)
  if (argv.some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(`${usage}\n`)
    return undefined
  }
  try {
    return parse(argv)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
    process.exitCode = EXIT_USAGE
    return undefined
  }
}
