//! A sweep as an array of a Slurm that this test starts: one node, three tasks at a time, a task killed on its way.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::program::gradnet;

/// How long the array may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// What a one-node Slurm needs.
const PROGRAMS: [&str; 7] = [
    "munged",
    "slurmctld",
    "slurmd",
    "sbatch",
    "squeue",
    "scancel",
    "sinfo",
];

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    folders
        .map(|folder| Path::new(folder).join(program))
        .find(|file| file.is_file())
}

/// Daemons that end with the test.
struct Slurm {
    folder: PathBuf,
    daemons: Vec<Child>,
}

impl Slurm {
    /// Starts munge, the controller and the node's daemon, all with files in `folder` and ports of their own.
    fn start(folder: &Path) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let mut slurm = Self {
            folder: folder.into(),
            daemons: Vec::new(),
        };
        let at = |name: &str| folder.join(name).display().to_string();
        for name in ["state", "spool", "munge"] {
            fs::create_dir(folder.join(name)).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let key: Vec<u8> = (0..=255).cycle().take(1024).collect();
        fs::write(at("munge.key"), key).unwrap();
        fs::set_permissions(at("munge.key"), fs::Permissions::from_mode(0o600)).unwrap();
        let [controller, node] = [(); 2].map(|()| {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        });
        let host = String::from_utf8(Command::new("hostname").arg("-s").output().unwrap().stdout);
        let host = host.unwrap().trim().to_owned();
        let socket = at("munge/socket");
        let config = format!(
            "ClusterName=test\nSlurmctldHost={host}(127.0.0.1)\nSlurmUser=root\nSlurmdUser=root\n\
             SlurmctldPort={controller}\nSlurmdPort={node}\nAuthType=auth/munge\nAuthInfo=socket={socket}\n\
             CredType=cred/munge\nStateSaveLocation={}\nSlurmdSpoolDir={}\nSlurmctldPidFile={}\nSlurmdPidFile={}\n\
             SlurmctldLogFile={}\nSlurmdLogFile={}\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nAccountingStorageType=accounting_storage/none\n\
             JobAcctGatherType=jobacct_gather/none\nReturnToService=2\nMpiDefault=none\nSwitchType=switch/none\n\
             SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0\nSlurmdParameters=config_overrides\n\
             NodeName={host} NodeAddr=127.0.0.1 CPUs=3 CoresPerSocket=3 RealMemory=1000 State=UNKNOWN\n\
             PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO\n",
            at("state"),
            at("spool"),
            at("ctld.pid"),
            at("slurmd.pid"),
            at("ctld.log"),
            at("slurmd.log"),
        );
        fs::write(at("slurm.conf"), config).unwrap();
        slurm.daemon(
            "munged",
            &[
                "--foreground",
                "--force",
                &format!("--key-file={}", at("munge.key")),
                &format!("--socket={socket}"),
                &format!("--pid-file={}", at("munge/pid")),
                &format!("--log-file={}", at("munge/log")),
                &format!("--seed-file={}", at("munge/seed")),
            ],
        );
        let begin = Instant::now();
        while !Path::new(&socket).exists() && begin.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(50));
        }
        slurm.daemon("slurmctld", &["-D"]);
        slurm.daemon("slurmd", &["-D", "-N", &host]);
        slurm.wait("the node", || {
            slurm.say("sinfo", &["-h", "-o", "%T"]).trim() == "idle"
        });
        slurm
    }

    fn daemon(&mut self, program: &str, arguments: &[&str]) {
        let log = fs::File::create(self.folder.join(format!("{program}.out"))).unwrap();
        let daemon = Command::new(find(program).unwrap())
            .args(arguments)
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.daemons.push(daemon.unwrap());
    }

    /// What a client program prints.
    fn say(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(find(program).unwrap())
            .args(arguments)
            .current_dir(&self.folder)
            .env("SLURM_CONF", self.folder.join("slurm.conf"))
            .env("GRADNET", env!("CARGO_BIN_EXE_gradnet"))
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            if begin.elapsed() > PATIENCE {
                for log in [
                    "munged.out",
                    "ctld.log",
                    "slurmd.log",
                    "slurmctld.out",
                    "slurmd.out",
                ] {
                    eprintln!(
                        "{log}: {}",
                        fs::read_to_string(self.folder.join(log)).unwrap_or_default()
                    );
                }
                panic!("waited in vain for {what}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Submits the sweep as an array of three tasks; the job's number.
    fn submit(&self, more: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/slurm_sweep.sh");
        let script = script.canonicalize().unwrap().display().to_string();
        let arguments = ["--parsable", "--array=1-3"];
        let job = [
            "--output=task-%A-%a.log",
            &script,
            "sweep.toml",
            "array",
            "--quiet",
        ];
        let job = self.say("sbatch", &[&arguments[..], more, &job[..]].concat());
        assert!(!job.trim().is_empty(), "nothing was submitted");
        job.trim().to_owned()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

#[test]
fn an_array_with_a_killed_task_comes_to_the_table_of_one_process() {
    let missing: Vec<_> = PROGRAMS
        .iter()
        .filter(|program| find(program).is_none())
        .collect();
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    });
    if !missing.is_empty() || !is_root {
        eprintln!(
            "SKIPPED: a Slurm of one's own needs root and its programs; missing here: {missing:?}"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs");
    fs::copy(configs.join("smoke.toml"), here.join("smoke.toml")).unwrap();
    let sweep = fs::read_to_string(configs.join("sweeps/toy.toml")).unwrap();
    fs::write(
        here.join("sweep.toml"),
        sweep.replace("../smoke.toml", "smoke.toml"),
    )
    .unwrap();
    let ran = gradnet(here, &["sweep", "sweep.toml", "-o", "alone", "--quiet"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(fs::read_dir(here.join("alone/cells")).unwrap().count(), 12);

    let slurm = Slurm::start(here);
    let job = slurm.submit(&[]);
    let running = || slurm.say("squeue", &["-h", "-r", "-t", "RUNNING", "-o", "%i"]);
    slurm.wait("the second task", || {
        running().contains(&format!("{job}_2"))
    });
    slurm.say("scancel", &[&format!("{job}_2")]);
    let again = slurm.submit(&[&format!("--dependency=afterany:{job}")]);
    slurm.wait("the second array", || {
        slurm
            .say("squeue", &["-h", "-r", "-j", &again])
            .trim()
            .is_empty()
    });
    // What the killed task has left, and the table.
    let ran = gradnet(here, &["sweep", "sweep.toml", "-o", "array", "--quiet"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    assert_eq!(fs::read_dir(here.join("array/cells")).unwrap().count(), 12);
    let [alone, array] = ["alone", "array"]
        .map(|name| fs::read_to_string(here.join(name).join("table.csv")).unwrap());
    assert_eq!(alone, array);
    assert!(alone.lines().count() > 4, "{alone}");
}
