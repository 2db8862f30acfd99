using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(FastLog.Microbench.CrcBenchmarks).Assembly).Run(args);
