#!/usr/bin/env bash
# A sweep as a Slurm job array: each task trains one part of the cells.
#
#   sbatch --array=1-8 scripts/slurm_sweep.sh FILE FOLDER [SWEEP OPTIONS..]
#
# FOLDER, which all nodes must share, takes records, runs and the table. `gradnet` must be in the PATH, or named as GRADNET=path.
# Tasks are numbered from 1. A task that was killed, or is requeued, goes on from the last checkpoints. Where the file has
# several seeds and choices (`vary`), submit the same array a second time for the other seeds of what was chosen:
#
#   sbatch --array=1-8 --dependency=afterany:JOB scripts/slurm_sweep.sh FILE FOLDER
#
# `gradnet sweep FILE -o FOLDER` then does what is missing and writes the table.
#SBATCH --job-name=gradnet-sweep
#SBATCH --cpus-per-task=1
#SBATCH --requeue
set -euo pipefail
file="${1:?name the sweep file}"
folder="${2:?name the folder of the results}"
shift 2
task="${SLURM_ARRAY_TASK_ID:?submit this as an array: sbatch --array=1-8 ..}"
if [ "${SLURM_ARRAY_TASK_MIN:-1}" -ne 1 ] || [ "${SLURM_ARRAY_TASK_STEP:-1}" -ne 1 ]; then
  echo "number the tasks from 1 in steps of 1: --array=1-8" >&2
  exit 2
fi
exec "${GRADNET:-gradnet}" sweep "$file" --shard "$task/${SLURM_ARRAY_TASK_MAX:?}" --jobs "${SLURM_CPUS_PER_TASK:-1}" -o "$folder" "$@"
