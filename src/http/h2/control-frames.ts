import * as h2 from './constants.ts'
import type { H2Session } from './session.ts'
import { applySettings } from './settings.ts'

/** Streams that can be walked for what a small frame costs. */
const STREAMS_PER_POINT = 8

/** A frame that carries neither a body nor a header block. */
export interface ControlFrame {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  /** Only valid during the call. */
  readonly payload: Buffer
}

/** Obeys a control frame (RFC 9113 sections 6.3 to 6.9); a wrong one fails the connection, or its stream. */
export const onControlFrame = (session: H2Session, frame: ControlFrame): void => {
  switch (frame.type) {
    case h2.FRAME_WINDOW_UPDATE:
      return onWindowUpdate(session, frame)
    case h2.FRAME_RST_STREAM:
      return onReset(session, frame)
    case h2.FRAME_PING:
      return onPing(session, frame)
    case h2.FRAME_SETTINGS:
      return onSettings(session, frame)
    case h2.FRAME_GOAWAY:
      return onGoaway(session, frame)
    case h2.FRAME_PRIORITY:
      return onPriority(session, frame)
    case h2.FRAME_PUSH_PROMISE:
      return session.fail(h2.PROTOCOL_ERROR, 'PUSH_PROMISE although push is off')
    default: // Unknown types must be ignored (RFC 9113 section 4.1).
      session.chargeSignal()
  }
}

const onWindowUpdate = (session: H2Session, { streamId, payload }: ControlFrame): void => {
  if (payload.length !== 4) return session.fail(h2.FRAME_SIZE_ERROR, 'WINDOW_UPDATE is not 4 bytes long')
  if (!session.chargeSignal()) return
  const bytes = payload.readUInt32BE(0) & 0x7fff_ffff
  if (streamId === 0) {
    if (bytes === 0) return session.fail(h2.PROTOCOL_ERROR, 'WINDOW_UPDATE of 0')
    if (!session.sender.credit(bytes)) return session.fail(h2.FLOW_CONTROL_ERROR, 'the connection window overflows')
    return session.chargeSlivers()
  }
  if (session.isIdle(streamId)) return session.fail(h2.PROTOCOL_ERROR, `WINDOW_UPDATE on idle stream ${streamId}`)
  const stream = session.streams.get(streamId)
  // It may well come after our end of the stream, and after our reset (RFC 9113 section 5.1).
  if (stream === undefined) return
  if (bytes === 0) return session.resetByError(stream, h2.PROTOCOL_ERROR, 'a WINDOW_UPDATE of 0 bytes')
  if (!session.sender.creditStream(stream, bytes))
    return session.resetByError(stream, h2.FLOW_CONTROL_ERROR, 'a window that is too large')
  session.chargeSlivers()
}

const onReset = (session: H2Session, { streamId, payload }: ControlFrame): void => {
  if (payload.length !== 4) return session.fail(h2.FRAME_SIZE_ERROR, 'RST_STREAM is not 4 bytes long')
  if (streamId === 0 || session.isIdle(streamId)) {
    return session.fail(h2.PROTOCOL_ERROR, `RST_STREAM on idle stream ${streamId}`)
  }
  const stream = session.streams.get(streamId)
  // It may have crossed the end of the stream, once for each: those were of use then.
  if (stream === undefined) return session.chargeReset()
  const { handler, hasSent, isLocalClosed } = stream
  session.remove(stream)
  handler.onReset(payload.readUInt32BE(0))
  // Streams that we open ourselves bound what a server can do so.
  if (!hasSent && !isLocalClosed && session.role === 'server') session.chargeReset()
}

const onPing = (session: H2Session, { flags, streamId, payload }: ControlFrame): void => {
  if (streamId !== 0) return session.fail(h2.PROTOCOL_ERROR, 'PING on a stream')
  if (payload.length !== 8) return session.fail(h2.FRAME_SIZE_ERROR, 'PING is not 8 bytes long')
  if (!session.chargeSignal()) return
  if ((flags & h2.FLAG_ACK) !== 0) return session.handler.onPong()
  session.output.ping(payload, true)
  session.wantOutput()
}

const onSettings = (session: H2Session, { flags, streamId, payload }: ControlFrame): void => {
  if (streamId !== 0) return session.fail(h2.PROTOCOL_ERROR, 'SETTINGS on a stream')
  if ((flags & h2.FLAG_ACK) !== 0) return onSettingsAnswer(session, payload)
  const before = session.peer.initialWindowBytes
  const wrong = applySettings(session.peer, payload, session.role)
  if (wrong !== undefined) return session.fail(wrong.code, wrong.message)
  const change = session.peer.initialWindowBytes - before
  // A change of the initial window has us walk all streams.
  const walkPoints = change === 0 ? 0 : session.streams.size / STREAMS_PER_POINT
  if (session.hasSettings) session.annoy(1 + payload.length / 6 + walkPoints)
  if (session.state === 'failed') return
  session.hasSettings = true
  session.encoder.setMaxTableBytes(session.peer.headerTableBytes)
  session.sender.maxFrameBytes = Math.min(session.peer.maxFrameBytes, h2.DEFAULT_FRAME_BYTES)
  session.output.settingsAck()
  session.wantOutput()
  if (change !== 0 && !session.sender.shiftWindows(session.streams.values(), change)) {
    return session.fail(h2.FLOW_CONTROL_ERROR, 'SETTINGS_INITIAL_WINDOW_SIZE overflows a stream window')
  }
  session.handler.onSettings()
}

const onSettingsAnswer = (session: H2Session, payload: Buffer): void => {
  if (payload.length > 0) return session.fail(h2.FRAME_SIZE_ERROR, 'a SETTINGS answer with a payload')
  if (!session.hasSettings) return session.fail(h2.PROTOCOL_ERROR, 'the first SETTINGS is an answer')
  // We send SETTINGS once, so more answers answer nothing.
  if (session.isAcknowledged) return session.annoy(1)
  session.isAcknowledged = true
  session.decoder.settingsAcknowledged()
  const excess = h2.DEFAULT_WINDOW_BYTES - session.own.streamWindowBytes
  if (excess > 0) for (const stream of session.streams.values()) stream.recvWindow -= excess
}

const onGoaway = (session: H2Session, { streamId, payload }: ControlFrame): void => {
  if (streamId !== 0) return session.fail(h2.PROTOCOL_ERROR, 'GOAWAY on a stream')
  if (payload.length < 8) return session.fail(h2.FRAME_SIZE_ERROR, 'GOAWAY is shorter than 8 bytes')
  const lastStreamId = payload.readUInt32BE(0) & 0x7fff_ffff
  if (session.state === 'open') session.state = 'closing'
  // What is above was not processed and may safely be sent again elsewhere (RFC 9113 section 6.8).
  if (session.role === 'client') session.abandonStreams(lastStreamId, h2.REFUSED_STREAM)
  session.handler.onGoaway(lastStreamId, payload.readUInt32BE(4))
  session.annoy(1)
}

/** Priorities are read and then ignored (RFC 9113 section 5.3.2). */
const onPriority = (session: H2Session, { streamId, payload }: ControlFrame): void => {
  if (streamId === 0) return session.fail(h2.PROTOCOL_ERROR, 'PRIORITY on stream 0')
  if (payload.length !== 5) return session.fail(h2.FRAME_SIZE_ERROR, 'PRIORITY is not 5 bytes long')
  if ((payload.readUInt32BE(0) & 0x7fff_ffff) === streamId) {
    return session.fail(h2.PROTOCOL_ERROR, 'a stream depends on itself')
  }
  session.chargeSignal()
}
