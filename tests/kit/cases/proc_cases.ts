/** Files of `/proc` as Linux 6 writes them, shortened. */
export const procFiles: Record<string, string> = {
  "/proc/stat": `cpu  1000 10 300 8000 100 1 20 3 4 0
cpu0 500 5 150 4000 50 0 10 1 2 0
cpu1 500 5 150 4000 50 1 10 2 2 0
intr 12345 0 0
ctxt 99
`,
  "/proc/self/stat": "42 (srs ts) :) S 7 42 1 0 -1 4194304 4344 0 5 0 300 200 0 0 20 0 6 0 50000 18589679616 11262 " +
    "18446744073709551615 1 2 3 0 0 0 0 4096 17987 0 0 0 17 1 0 0 0 0 0 1 2 3 4 5 6 7 0\n",
  "/proc/meminfo": `MemTotal:        8000000 kB
MemFree:         2000000 kB
MemAvailable:    5000000 kB
Buffers:          500000 kB
Cached:          1500000 kB
Active(anon):          1 kB
SwapTotal:       1000000 kB
SwapFree:         750000 kB
`,
  "/proc/self/status": `Name:\tdeno
VmHWM:\t  100000 kB
VmRSS:\t   80000 kB
voluntary_ctxt_switches:\t150
nonvoluntary_ctxt_switches:\t25
`,
  "/proc/uptime": "1000.50 1990.25\n",
  "/proc/loadavg": "0.05 0.16 0.22 1/80 25593\n",
  "/proc/net/dev": `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 5000      10    0    0    0     0          0         0     6000      11    0    0    0     0       0          0
  eth0:70000      20    0    0    0     0          0         0    80000      21    0    0    0     0       0          0
`,
  "/proc/net/sockstat": `sockets: used 118
TCP: inuse 12 orphan 0 tw 34 alloc 15 mem 2
UDP: inuse 3 mem 1
UDPLITE: inuse 9
`,
  "/proc/net/snmp": `Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs
Tcp: 1 200 120000 -1 100 200 3 4 56 1000
`,
};
