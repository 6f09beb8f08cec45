import type { HeaderList } from './header-list.ts'

/** Adds the time at which a response passes, where it does not say when it was made (RFC 9110 section 6.6.1). */
export type AddDate = (headers: HeaderList) => void

/** Makes it for one clock (`nowMs`: milliseconds since 1970); the text is made once a second. */
export const createDating = (nowMs: () => number): AddDate => {
  let second = NaN
  let text = ''
  return (headers) => {
    if (headers.hasLower('date')) return
    const now = Math.floor(nowMs() / 1000)
    if (now !== second) {
      second = now
      text = new Date(now * 1000).toUTCString()
    }
    headers.fields.push('date', text)
  }
}
