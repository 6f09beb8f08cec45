import { createServer } from 'node:net'
import { errorCode } from '../lib/errors/error-code.ts'
import { joinHostPort } from '../lib/ip.ts'
import { StartupError } from '../lib/startup-error.ts'

/** A port that somebody wants to listen on. */
export interface PortWish {
  /** As in the flag: `hbone` for `--hbone-port`. */
  readonly role: string
  /** A literal address. */
  readonly host: string
  /** 0 for any. */
  readonly port: number
}

/**
 * Rejects with `EADDRINUSE` when anything listens on the port, or on it at an address that this one includes (`::` has
 * all others, `0.0.0.0` those of IPv4). Workers share a port by SO_REUSEPORT, and by that the kernel would let a second
 * fairway of the same user in as well, without a word, and give it half of the connections.
 */
export const claimPort = (host: string, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })

/**
 * Looks at all ports before anything is started, so that one message names all that are taken. Throws `StartupError`
 * (`ELISTEN`). What happens between this look and listening shows when listening fails.
 */
export const checkPorts = async (wishes: readonly PortWish[]): Promise<void> => {
  const fixed = wishes.filter(({ port }) => port !== 0)
  for (const [index, wish] of fixed.entries()) {
    const twin = fixed.slice(0, index).find(({ host, port }) => port === wish.port && overlaps(host, wish.host))
    if (twin === undefined) continue
    const flags = `--${twin.role}-port and --${wish.role}-port`
    throw new StartupError('ELISTEN', `${flags} are both ${wish.port}: choose another port for one of them`)
  }
  const looked = await Promise.all(fixed.map(async (wish) => ((await isTaken(wish)) ? [wish] : [])))
  const taken = looked.flat()
  if (taken.length === 0) return
  const list = taken.map(({ role, host, port }) => `${joinHostPort(host, port)} (${role})`).join(', ')
  const flags = taken.map(({ role }) => `--${role}-port`).join(', ')
  const [has, choose] = taken.length === 1 ? ['the port', 'a port'] : ['these ports', 'others']
  const advice = `end it, or choose ${choose} with ${flags} (0 picks a free one)`
  throw new StartupError(
    'ELISTEN',
    `cannot listen on ${list}: another program has ${has} (another fairway?): ${advice}`,
  )
}

/** Whatever else is wrong with an address is for those who listen on it to say. */
const isTaken = ({ host, port }: PortWish): Promise<boolean> =>
  claimPort(host, port).then(
    () => false,
    (error: unknown) => errorCode(error) === 'EADDRINUSE',
  )

const overlaps = (a: string, b: string): boolean => a === b || isAll(a) || isAll(b)

const isAll = (host: string): boolean => host === '::' || host === '0.0.0.0'

/**
 * Holds a port for the group of processes of one fairway, for as long as this process lives: rejects with `EADDRINUSE`
 * when another fairway holds it. Between the look at a port and the moment when workers share it, and while all workers
 * are being replaced, nobody listens there. The name lives in the abstract namespace of Linux, which like ports belongs
 * to the network namespace and ends with its process; elsewhere there is no such thing, and only the look remains.
 */
export const holdPort = async (host: string, port: number): Promise<() => void> => {
  if (process.platform !== 'linux') return () => {}
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(`\0fairway/${host}/${port}`, resolve)
  })
  server.unref()
  return () => void server.close()
}
