import type { Pipe, PipeHandler, PipeUser } from '../../pipes/pipe.ts'
import { Pour } from '../../pipes/pour.ts'
import { commandOf } from '../../pipes/tcp-commands.ts'
import type { Carrier, Lane, LaneOwner } from '../lane.ts'
import type { Work } from '../plan.ts'

type TcpWork = Extract<Work, { readonly kind: 'tcp' }>

/** One exchange after the other on each pipe, which is a lane. */
export const useTcp =
  (work: TcpWork, { owner }: { readonly owner: LaneOwner }): PipeUser =>
  (pipe) => {
    const exchange = createExchange(pipe, work, {
      onBytes: owner.onBytes,
      onDone: () => owner.onAnswer(lane, 200, work.bytes),
      onLost: owner.onLost,
    })
    const lane: Lane = { dueAt: 0, send: exchange.begin }
    owner.onOpen(lane)
    return exchange.handler
  }

/** A lane that opens a pipe for each exchange, and ends it then. */
export const freshTcpLane = (work: TcpWork, carrier: Carrier, { owner }: { readonly owner: LaneOwner }): Lane => {
  const use: PipeUser = (pipe) => {
    let isDone = false
    const exchange = createExchange(pipe, work, {
      onBytes: owner.onBytes,
      onDone: () => {
        isDone = true
        pipe.end()
        owner.onAnswer(lane, 200, work.bytes)
      },
      onLost: (why) => {
        // The other side ends it too.
        if (!isDone) owner.onLost(why)
      },
    })
    exchange.begin()
    return exchange.handler
  }
  const lane: Lane = { dueAt: 0, send: () => carrier.open(use) }
  return lane
}

interface Exchange {
  readonly begin: () => void
  readonly handler: PipeHandler
}

interface ExchangeOwner {
  readonly onBytes: (bytes: number) => void
  readonly onDone: () => void
  readonly onLost: (why: string) => void
}

const createExchange = (pipe: Pipe, { verb, bytes }: TcpWork, owner: ExchangeOwner): Exchange => {
  const command = commandOf(verb)
  const body = verb === 'upload' ? new Pour(pipe, owner.onBytes) : undefined
  const wanted = verb === 'download' ? bytes : 1
  let received = 0
  return {
    begin: () => {
      received = 0
      pipe.write(command)
      body?.start(bytes)
    },
    handler: {
      onData: (_buffer, start, end) => {
        received += end - start
        if (verb === 'download') owner.onBytes(end - start)
        if (received > wanted) owner.onLost(`${received} bytes came for ${wanted}`)
        else if (received === wanted) owner.onDone()
      },
      onDrain: () => body?.go(),
      onEnd: () => owner.onLost('the connection was ended'),
      onLost: owner.onLost,
    },
  }
}
