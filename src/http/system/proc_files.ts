/** Times of all processors together since boot, in clock ticks (1/100 s). */
export interface CpuTimes {
  user: number;
  nice: number;
  sys: number;
  idle: number;
  iowait: number;
  irq: number;
  softirq: number;
  steal: number;
  guest: number;
}

/** Names of the columns of `/proc/[pid]/stat`, by SRS's spelling. Source: proc(5), `SrsProcSelfStat`. */
const selfColumns =
  ("pid comm state ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime " +
    "priority nice num_threads itrealvalue starttime vsize rss rsslim startcode endcode startstack kstkesp kstkeip " +
    "signal blocked sigignore sigcatch wchan nswap cnswap exit_signal processor rt_priority policy " +
    "delayacct_blkio_ticks guest_time cguest_time").split(" ");

/** Reads `/proc/self/stat`: every column by its name, 0 where the kernel has none. */
export function parseSelfStat(text: string): Record<string, number | string> {
  // The command's name stands in parentheses and may itself have blanks and parentheses.
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const values = [
    text.slice(0, open).trim(),
    text.slice(open + 1, close),
    ...text.slice(close + 1).trim().split(/\s+/),
  ];
  const columns = selfColumns.map((name, at): [string, number | string] => {
    const value = values[at] ?? "";
    return [name, name === "comm" || name === "state" ? value : Number(value) || 0];
  });
  return Object.fromEntries(columns);
}

/** Reads `/proc/stat`: times of all processors, and how many there are. */
export function parseCpuTimes(text: string): CpuTimes & { cpus: number } {
  const values = /^cpu +(.*)$/m.exec(text)?.[1]?.split(/\s+/).map(Number) ?? [];
  const at = (index: number) => values[index] || 0;
  return {
    user: at(0),
    nice: at(1),
    sys: at(2),
    idle: at(3),
    iowait: at(4),
    irq: at(5),
    softirq: at(6),
    steal: at(7),
    guest: at(8),
    cpus: text.match(/^cpu\d+ /gm)?.length ?? 0,
  };
}

/** Reads lines `Name:  123 kB`, as `/proc/meminfo` and `/proc/self/status` have them; a missing name counts as 0. */
export function parseNumbers(text: string): (name: string) => number {
  const values = new Map<string, number>();
  for (const [, name = "", value] of text.matchAll(/^(\w+):\s*(\d+)/gm)) values.set(name, Number(value));
  return (name) => values.get(name) ?? 0;
}

/** Reads `/proc/net/dev`: bytes received and sent since boot, by interface. */
export function parseNetDev(text: string): { name: string; recvBytes: number; sendBytes: number }[] {
  return [...text.matchAll(/^\s*(\S+?):\s*(\d+)(?:\s+\d+){7}\s+(\d+)/gm)].map(([, name = "", recv, send]) => ({
    name,
    recvBytes: Number(recv),
    sendBytes: Number(send),
  }));
}

/**
 * Reads `/proc/net/sockstat` and `/proc/net/snmp`.
 *
 * @returns All sockets of the machine; TCP connections established and waiting for their end; UDP sockets.
 */
export function parseSockets(sockstat: string, snmp: string): { all: number; et: number; tw: number; udp: number } {
  const number = (pattern: RegExp) => Number(pattern.exec(sockstat)?.[1] ?? 0);
  const [names = [], values = []] = [...snmp.matchAll(/^Tcp: (.*)$/gm)].map(([, line = ""]) => line.split(" "));
  return {
    all: number(/^sockets: used (\d+)/m),
    et: Number(values[names.indexOf("CurrEstab")] ?? 0),
    tw: number(/^TCP: .*\btw (\d+)/m),
    udp: number(/^UDP: inuse (\d+)/m),
  };
}
