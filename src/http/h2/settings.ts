import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  MAX_WINDOW_BYTES,
  PROTOCOL_ERROR,
  SETTINGS_ENABLE_CONNECT_PROTOCOL,
  SETTINGS_ENABLE_PUSH,
  SETTINGS_HEADER_TABLE_SIZE,
  SETTINGS_INITIAL_WINDOW_SIZE,
  SETTINGS_MAX_CONCURRENT_STREAMS,
  SETTINGS_MAX_FRAME_SIZE,
  SETTINGS_MAX_HEADER_LIST_SIZE,
} from './constants.ts'

/** What the peer has told of itself; the defaults of RFC 9113 section 6.5.2 until it does. */
export interface PeerSettings {
  headerTableBytes: number
  maxConcurrentStreams: number
  initialWindowBytes: number
  maxFrameBytes: number
  maxHeaderListBytes: number
}

export const defaultPeerSettings = (): PeerSettings => ({
  headerTableBytes: 4096,
  maxConcurrentStreams: Number.POSITIVE_INFINITY,
  initialWindowBytes: DEFAULT_WINDOW_BYTES,
  maxFrameBytes: DEFAULT_FRAME_BYTES,
  maxHeaderListBytes: Number.POSITIVE_INFINITY,
})

/** What this side advertises. */
export interface OwnSettings {
  /** Window of each stream in bytes; default 256 KiB. */
  readonly streamWindowBytes: number
  /** Window of the connection in bytes, given back on receipt; default 8 MiB. */
  readonly connectionWindowBytes: number
  /** Streams that the peer may have open; default 100. */
  readonly maxConcurrentStreams: number
  /** Decoded header list limit in bytes; default 64 KiB. */
  readonly maxHeaderListBytes: number
  /** Whether clients may ask for WebSocket and the like (server; RFC 8441); default no. */
  readonly hasConnectProtocol: boolean
}

export const defaultOwnSettings: OwnSettings = {
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 8 * 1024 * 1024,
  maxConcurrentStreams: 100,
  maxHeaderListBytes: 64 * 1024,
  hasConnectProtocol: false,
}

/** Our settings as SETTINGS entries; push is always off for a client. */
export const encodeOwnSettings = (own: OwnSettings, isClient: boolean): readonly (readonly [number, number])[] => [
  isClient ? [SETTINGS_ENABLE_PUSH, 0] : [SETTINGS_MAX_CONCURRENT_STREAMS, own.maxConcurrentStreams],
  [SETTINGS_INITIAL_WINDOW_SIZE, own.streamWindowBytes],
  [SETTINGS_MAX_HEADER_LIST_SIZE, own.maxHeaderListBytes],
  ...(own.hasConnectProtocol ? [[SETTINGS_ENABLE_CONNECT_PROTOCOL, 1] as const] : []),
]

/** Applies a SETTINGS payload to `peer`; the connection error it calls for, if any. `role` is ours. */
export const applySettings = (
  peer: PeerSettings,
  payload: Buffer,
  role: 'server' | 'client',
): { readonly code: number; readonly message: string } | undefined => {
  if (payload.length % 6 !== 0) return { code: FRAME_SIZE_ERROR, message: 'SETTINGS length is no multiple of 6' }
  for (let at = 0; at < payload.length; at += 6) {
    const id = payload.readUInt16BE(at)
    const value = payload.readUInt32BE(at + 2)
    switch (id) {
      case SETTINGS_HEADER_TABLE_SIZE:
        peer.headerTableBytes = value
        break
      case SETTINGS_ENABLE_PUSH:
        // A server must not even offer it (RFC 9113 section 6.5.2).
        if (value > (role === 'client' ? 0 : 1))
          return { code: PROTOCOL_ERROR, message: `SETTINGS_ENABLE_PUSH ${value}` }
        break
      case SETTINGS_MAX_CONCURRENT_STREAMS:
        peer.maxConcurrentStreams = value
        break
      case SETTINGS_INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) return { code: FLOW_CONTROL_ERROR, message: `initial window ${value}` }
        peer.initialWindowBytes = value
        break
      case SETTINGS_MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > 0xff_ffff) {
          return { code: PROTOCOL_ERROR, message: `SETTINGS_MAX_FRAME_SIZE ${value}` }
        }
        peer.maxFrameBytes = value
        break
      case SETTINGS_MAX_HEADER_LIST_SIZE:
        peer.maxHeaderListBytes = value
        break
      default: // Unknown settings must be ignored (RFC 9113 section 6.5.2).
    }
  }
  return undefined
}
