import { defineCheck, found, skip } from '../../check.ts'

/** Certificates of istiod are valid from two minutes before they were issued. */
const WORRYING_MS = 30_000

export const clockCheck = defineCheck({
  name: 'clock',
  section: 'cluster',
  title: 'this machine’s clock agrees with the API server’s',
  needs: [],
  codes: {
    FW0102: {
      level: 'warning',
      title: 'Clocks disagree',
      cause:
        'The Date header of the API server’s answers differs from this machine’s clock. If a node is as wrong as this, its certificates are not valid yet, or not any more, and tokens are refused: connections in the mesh fail in handshakes.',
      cure: 'Set the clock of whichever is wrong, with NTP. Ages and times of expiry in this report are by the API server’s clock.',
    },
  },
  run: ({ server: { skewMs } }) => {
    if (skewMs === undefined) return skip('the API server told no time')
    if (Math.abs(skewMs) < WORRYING_MS) return found([])
    const seconds = Math.round(Math.abs(skewMs) / 1000)
    const message = `this machine’s clock is ${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the API server’s`
    return found([{ code: 'FW0102', message, next: 'timedatectl status' }])
  },
})
