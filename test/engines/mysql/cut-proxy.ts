import { createServer, connect, type Server as NetServer, type Socket } from 'node:net'
import type { Server } from '../../support/servers.ts'

/** Stands between a client and a server and cuts the line at a statement: what a killed client looks like. */
export interface CutProxy {
  readonly port: number
  /** The statements that were sent so far. */
  readonly statements: string[]
  close(): Promise<void>
}

const queryCommand = 0x03

/** `cutAt` says of a statement whether it is lost with the line (`before`), or is the last that arrives (`after`). */
export async function startCutProxy(
  server: Server,
  cutAt: (statement: string, number: number) => 'before' | 'after' | undefined,
): Promise<CutProxy> {
  const statements: string[] = []
  const proxy = createServer((client) => {
    const upstream = connect(server.port, server.host)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    upstream.on('data', (bytes) => client.write(bytes))
    forward(client, upstream, (statement) => {
      const cut = cutAt(statement, statements.length)
      statements.push(statement)
      return cut
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return { port: portOf(proxy), statements, close: () => closed(proxy) }
}

/** Packets have three bytes of length and one that numbers them. */
function forward(
  client: Socket,
  upstream: Socket,
  seen: (statement: string) => 'before' | 'after' | undefined,
): void {
  let rest = Buffer.alloc(0)
  client.on('data', (bytes: Buffer) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= 4 && rest.length >= 4 + rest.readUIntLE(0, 3)) {
      const packet = rest.subarray(0, 4 + rest.readUIntLE(0, 3))
      rest = rest.subarray(packet.length)
      const isQuery = packet[4] === queryCommand && packet[3] === 0
      const cut = isQuery ? seen(packet.toString('utf8', 5)) : undefined
      if (cut === 'before') {
        client.destroy()
        return
      }
      if (cut === 'after') {
        upstream.end(packet)
        client.destroy()
        return
      }
      upstream.write(packet)
    }
  })
}

function portOf(server: NetServer): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function closed(server: NetServer): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
}
