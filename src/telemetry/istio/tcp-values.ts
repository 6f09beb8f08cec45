/** Where the values of a series of connections are: how many, and bytes from the client (received) and to it (sent). */
export const tcpValues = { opened: 0, closed: 1, sent: 2, received: 3 } as const
