const MAX_LENGTH = 72

/** The first part of a flag's help, for a list beside the cursor. */
export const formatShort = (help: string): string => {
  const [first = ''] = help.split(';')
  return first.length <= MAX_LENGTH ? first : `${first.slice(0, MAX_LENGTH - 1).trimEnd()}…`
}
