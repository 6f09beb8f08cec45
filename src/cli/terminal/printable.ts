/** A text of somebody else's (a filter's author, a backend): it must not steer the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ')
