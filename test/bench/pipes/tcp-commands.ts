import type { TcpVerb } from '../load/plan.ts'

const commands: Readonly<Record<TcpVerb, Buffer>> = {
  echo: Buffer.from('e'),
  download: Buffer.from('d'),
  upload: Buffer.from('u'),
}

/** The byte that begins an exchange. */
export const commandOf = (verb: TcpVerb): Buffer => commands[verb]

/** What a byte asks for; `undefined`: nothing that there is. */
export const verbOf = (byte: number | undefined): TcpVerb | undefined => {
  if (byte === commands.echo[0]) return 'echo'
  if (byte === commands.download[0]) return 'download'
  return byte === commands.upload[0] ? 'upload' : undefined
}
