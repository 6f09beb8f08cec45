/** Makes a function that, asked the same twice in a row, gives what it gave: neighbouring routes mostly ask the same. */
export const rememberLast = <A extends object, R>(make: (asked: A) => R): ((asked: A) => R) => {
  let last: { readonly asked: A; readonly answer: R } | undefined
  return (asked) => {
    if (last?.asked === asked) return last.answer
    last = { asked, answer: make(asked) }
    return last.answer
  }
}
