import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../apps/demo/spawned-process.js';

/** The two ends of one connection. A lost one passes nothing on and is never closed, whatever its ends do. */
interface Strand {
  readonly near: Socket;
  readonly far: Socket;
  isLost: boolean;
}

/** Passes connections on to a server, and can fail as networks do: without anybody being told. */
export class Cable {
  private readonly strands = new Set<Strand>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(target: number): Promise<Cable> {
    const port = await freePort();
    const server = createServer();
    const cable = new Cable(server, port);
    server.on('connection', (near) => cable.add({ near, far: connect(target, '127.0.0.1'), isLost: false }));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return cable;
  }

  /** From now on nothing passes, and nothing is closed, until it is joined. */
  cut(): void {
    this.isCut = true;
    for (const { near, far } of this.strands) for (const socket of [near, far]) socket.pause();
  }

  join(): void {
    this.isCut = false;
    for (const { near, far } of this.strands) for (const socket of [near, far]) socket.resume();
  }

  /** The connections of now pass nothing any more, as when a firewall forgot them or their server was replaced; new ones work. */
  lose(): void {
    for (const strand of this.strands) {
      strand.isLost = true;
      strand.near.unpipe();
      strand.far.unpipe();
      for (const socket of [strand.near, strand.far]) socket.resume();
    }
  }

  close(): void {
    this.server.close();
    for (const { near, far } of this.strands) for (const socket of [near, far]) socket.destroy();
  }

  private add(strand: Strand): void {
    const { near, far } = strand;
    this.strands.add(strand);
    near.pipe(far, { end: false });
    far.pipe(near, { end: false });
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (strand.isLost) return;
        this.strands.delete(strand);
        near.destroy();
        far.destroy();
      });
      if (this.isCut) socket.pause();
    }
  }
}
