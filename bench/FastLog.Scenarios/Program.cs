using FastLog.Scenarios;

// Fixed workloads on this machine's disk, each beside its floor: fastlog-scenarios NAME [key=value …]
string name = args.Length > 0 ? args[0] : "";
Dictionary<string, string> settings = args.Skip(1)
    .Select(arg => arg.Split('=', 2))
    .Where(pair => pair.Length == 2)
    .ToDictionary(pair => pair[0], pair => pair[1]);
if (name != "compaction")
{
    Console.Error.WriteLine("usage: FastLog.Scenarios compaction [dir=DIR] [records=5000000] [keys=500000] [value=100] [seed=1] [rounds=3]");
    return 2;
}

return await CompactionScenario.RunAsync(settings);
