import type { PipeUser } from '../../pipes/pipe.ts'
import { Pour } from '../../pipes/pour.ts'
import type { Lane, LaneOwner } from '../lane.ts'
import type { LoadPlan, Work } from '../plan.ts'
import { ResponseReader } from '../response-reader.ts'

/** HTTP/1.1 with keep-alive: each pipe is one lane. Bodies are counted in the direction that `bodies` says. */
export const useHttp =
  (
    plan: LoadPlan,
    bodies: Extract<Work, { readonly kind: 'bodies' }> | undefined,
    { owner }: { readonly owner: LaneOwner },
  ): PipeUser =>
  (pipe) => {
    const request = Buffer.from(plan.request, 'latin1')
    const uploadBytes = bodies?.uploadBytes
    const isDownload = bodies !== undefined && uploadBytes === undefined
    const body = uploadBytes === undefined ? undefined : new Pour(pipe, owner.onBytes)
    const reader = new ResponseReader(
      (status, bodyBytes, isLast) => {
        if (isLast) owner.onRetired?.()
        owner.onAnswer(lane, status, bodyBytes)
      },
      (why) => {
        pipe.destroy()
        owner.onLost(why)
      },
    )
    const lane: Lane = {
      dueAt: 0,
      send: () => {
        pipe.write(request)
        body?.start(uploadBytes ?? 0)
      },
    }
    owner.onOpen(lane)
    return {
      onData: (buffer, start, end) => {
        if (isDownload) owner.onBytes(end - start)
        reader.feed(buffer, start, end)
      },
      onDrain: () => body?.go(),
      onEnd: () => owner.onLost('the connection or tunnel was ended'),
      onLost: owner.onLost,
    }
  }
