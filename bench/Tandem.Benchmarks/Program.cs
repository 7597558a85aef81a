using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Tandem.Benchmarks;

// In this process: the build that BenchmarkDotNet would make of its own does not know the repository's settings.
var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(logOutput: false)));
BenchmarkSwitcher.FromTypes([typeof(DecisionBenchmarks), typeof(QueryBenchmarks)]).Run(args.Length > 0 ? args : ["--filter", "*"], config);
