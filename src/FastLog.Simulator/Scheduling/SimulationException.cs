namespace FastLog.Simulator;

/// <summary>A simulated run failed: work threw, nothing was left to run, or a limit was passed. The text holds the seed.</summary>
public class SimulationException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Nothing is left to run, but the run is not done.</summary>
public sealed class SimulationDeadlockException(string message) : SimulationException(message);
