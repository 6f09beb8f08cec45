/**
 * What ztunnel gives (`HTTP2_STREAM_WINDOW_SIZE`, `HTTP2_CONNECTION_WINDOW_SIZE`): with less, long bodies through one
 * tunnel would measure how often generator and destination get their turn.
 */
export const ZTUNNEL_WINDOWS = { streamWindowBytes: 4 * 2 ** 20, connectionWindowBytes: 16 * 2 ** 20 }
