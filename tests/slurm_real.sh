# sweep --plan slurm with Slurm itself, started on this machine for the while: sbatch takes
# the script as it is, and what it submits collects. Skipped (77) without the package
# slurm-wlm or without the rights to start it. bash slurm_real.sh SAETOP FOLDER
set -u
saetop=$(realpath "$1")
folder=$2
for program in munged slurmctld slurmd sbatch squeue; do
    command -v $program >/dev/null || { echo "skipped: no $program"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: not root"; exit 77; }
. "$(dirname "$0")/fresh_folder.sh"
fresh_folder "$saetop" "$folder"
folder=$(realpath "$folder")
work=$(mktemp -d)
chmod 755 "$work"
cd "$folder" || exit 1

finish() {
    for daemon in slurmd slurmctld munged; do
        [ -s "$work/$daemon.pid" ] || continue
        local pid
        pid=$(cat "$work/$daemon.pid")
        kill "$pid" 2>/dev/null
        for _ in $(seq 100); do # it writes its state until it is gone
            grep -q '^State:.*[^Z] (' "/proc/$pid/status" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT
give_up() { # WHAT: where a container lets no daemon run, this is no fault of ours
    echo "skipped: $1"
    exit 77
}

dd if=/dev/urandom of="$work/key" bs=1 count=1024 2>/dev/null
chmod 400 "$work/key"
mkdir -p "$work/munge" "$work/spool" "$work/state"
munged --force --socket="$work/munge/socket" --key-file="$work/key" \
    --pid-file="$work/munged.pid" --log-file="$work/munged.log" \
    --seed-file="$work/seed" || give_up "munged does not start"
port=$((20000 + $$ % 20000))
cat >"$work/slurm.conf" <<END
ClusterName=here
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
MailProg=/bin/true
NodeName=$(hostname -s) NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
slurmctld -f "$SLURM_CONF" -L "$work/slurmctld.log" || give_up "slurmctld does not start"
slurmd -f "$SLURM_CONF" -L "$work/slurmd.log" || give_up "slurmd does not start"
for _ in $(seq 300); do
    [ "$(sinfo -h -o %t 2>/dev/null)" = idle ] && break
    sleep 0.1
done
[ "$(sinfo -h -o %t 2>/dev/null)" = idle ] || give_up "no node is idle: $(sinfo -h 2>&1)"

small="--threads 1 --width 64 --batch 256 --set fill_rows=8 --set eval.rows=2"
small="$small --set eval.concept_rows=8"
out="a sweep's dir"
"$saetop" sweep --out "$out" --seeds 2 --mask-rates 0,0.3 --steps 2 $small --plan slurm \
    >job.sh </dev/null || exit 1
sbatch job.sh || { echo "sbatch does not take it"; exit 1; }
for _ in $(seq 1200); do
    [ -s "$out/report.md" ] && [ -z "$(squeue -h)" ] && break
    sleep 0.1
done
[ "$(wc -l <"$out/results.csv")" = 5 ] && grep -q '^4 of 4 runs' "$out"/slurm-*-collect.log || {
    echo "not collected:"
    squeue
    tail -n 5 "$out"/slurm-*.log
    exit 1
}
echo passed
