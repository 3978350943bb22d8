/*
 * contract.h - the keys of a run's JSON: others read them, so none may go or change its name
 *
 * A word that ends in a dot is where the keys after it lie.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

static const char *const contract[] = {
	"schema id tool_version command started_ns took_ns machine target workload facts analysis "
	"profile recording race race_conditions verdict",
	"recording. made why unit object found runs elapsed_ns calls nested abandoned unfinished "
	"at_once threads before_ns after_ns p5_ns p50_ns p95_ns probe_ns slowdown disk_depth "
	"loop_depth disk_threads disk_tried inside "
	"outside gaps_repeat locks locks_watched_ns timeline recording.locks. name file holds "
	"held_ns "
	"recording.timeline. start_ns end_ns tid segments",
	"recording.timeline.segments. kind ns lock",
	"recording.slowdown. value low high n recording.disk_depth. value low high n "
	"recording.loop_depth. value low high n",
	"recording.inside. wall_ns user_ns system_ns runqueue_ns unknown_ns waits",
	"recording.outside. wall_ns user_ns system_ns runqueue_ns unknown_ns waits",
	"recording.inside.waits. network disk pipe lock sleep child poll page-fault other",
	"recording.outside.waits. network disk pipe lock sleep child poll page-fault other",
	"machine. id hostname kernel arch cpu libc cores memory_bytes virtualised",
	"target. program digest build_dir git_commit git_branch rebuilt git_dirty",
	"workload. id unit argv tasks expected_exit expected_exits stdin outputs compare shared "
	"offload processes run_as setup teardown timeout_ns budget_ns",
	"facts. check file line column function symbol effect detail advice macro sites",
	"facts.sites. file line function access",
	"analysis. analysed why_not units failures campaign shard shards",
	"analysis.failures. file why left_out",
	"profile. measured tier why wall_ns elapsed_ns cpu_ns user_ns system_ns runqueue_ns "
	"unknown_ns waits checked_cpu_ns kernel_cpu_ns checked_runqueue_ns kernel_runqueue_ns "
	"lost_share steal_share cycles instructions cache_misses read_bytes written_bytes "
	"peak_bytes opened "
	"no_counters "
	"tasks processes threads switches sites "
	"stacks wakers",
	"profile.waits. network disk pipe lock sleep child poll page-fault other",
	"profile.sites. symbol kind ns waits",
	"profile.wakers. name pid tid kind ns waits frames",
	"profile.wakers.frames. function object file line inlined",
	"profile.stacks. kind ns count cut frames",
	"profile.stacks.frames. function object file line inlined",
	"race. model workers outcome why isolation speedup low high n simulated cpu_ns_per_task "
	"pss_bytes "
	"p50_ns p95_ns p99_ns tasks_per_s switches_per_task faults_per_task major_faults_per_task "
	"profile loop ratios walls_ns wall_ns timeline",
	"race.timeline. start_ns end_ns task worker",
	"race.loop. measured busy_share overhead_share longest_ns traps rewritten trap_ns sites "
	"pinned race.loop.pinned. call place count ns longest_ns",
	"race_conditions. measured simulated why seed tasks rounds dirty_rounds noise "
	"simulator_error ceiling "
	"steal_share "
	"load leaked_descriptors recycled kept_bytes_per_task strays startup_ns",
	"race.profile. wall_ns user_ns system_ns runqueue_ns unknown_ns waits",
	"race.profile.waits. network disk pipe lock sleep child poll page-fault other",
	"race.simulated. value low high n race_conditions.simulator_error. value low high n "
	"race.wall_ns. value low high n race_conditions.noise. value low high n",
	"race_conditions.startup_ns. value low high n",
	"verdict. kind model workers speedup low high n row agreement ties rules hurdles reasons "
	"missing witnesses bounds present confidence rests_on unit scaling",
	"verdict.bounds. model speedup workers by",
	"verdict.present. concurrent model busy cores_used idle_share lock_share needs workers "
	"process_wide lock holder",
	"verdict.ties. model workers speedup low high n",
	"verdict.hurdles. check symbol file line text sites excerpt excerpt_line affects if_left",
	"verdict.witnesses. name says on agrees heard sure",
	"verdict.scaling. model why_not demand little formula sizes contention coherence one_loss "
	"knee knee_low knee_high knee_seen by curve projections",
	"verdict.scaling.contention. value low high n",
	"verdict.scaling.coherence. value low high n",
	"verdict.scaling.curve. workers fit",
	"verdict.scaling.curve.fit. value low high n",
	"verdict.scaling.projections. cores workers speedup by",
	"verdict.scaling.projections.speedup. value low high n",
};

#endif
