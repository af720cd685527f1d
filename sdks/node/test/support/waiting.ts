import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/** Something to wait for, until a test opens it. */
export class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((opened) => {
    this.open = opened;
  });
}

/** Waits until something holds, for thirty seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it does not come to hold');
    await pause(20);
  }
}
