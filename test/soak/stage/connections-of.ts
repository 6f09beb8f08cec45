import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

const ESTABLISHED = '01'

/** The other side's ports of the connections to `port` that process `pid` has taken, by /proc (proc(5), IPv4). */
export const peerPortsOf = (pid: number, port: number): readonly number[] => {
  const inodes = new Set(socketInodes(pid))
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state, , , , , , inode]) => {
      return local !== undefined && portOf(local) === port && state === ESTABLISHED && inodes.has(inode ?? '')
    })
    .map(([, , peer = '']) => portOf(peer))
}

/** How many files a process has open. */
export const openFilesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

const portOf = (address: string): number => Number.parseInt(address.slice(address.indexOf(':') + 1), 16)

const socketInodes = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return [] // It was closed meanwhile.
    }
  })
