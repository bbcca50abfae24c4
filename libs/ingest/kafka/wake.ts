/** Wakes one waiter, also when it was called before anyone waited. */
export class Wake {
  private isUp = false;
  private resume: (() => void) | null = null;

  up(): void {
    this.isUp = true;
    this.resume?.();
  }

  /** Waits until `up` is called, or so long. */
  async wait(maxMs: number): Promise<void> {
    if (!this.isUp) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, maxMs);
        this.resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.isUp = false;
    this.resume = null;
  }
}
