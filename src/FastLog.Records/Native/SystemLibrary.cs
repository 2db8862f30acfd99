using System.Runtime.InteropServices;

namespace FastLog.Records.Native;

/// <summary>
/// A shared library of the system that may be missing: looked for once, at its first use, and kept loaded. Thread-safe.
/// </summary>
/// <param name="name">The file that the loader looks for, as in <c>liblz4.so.1</c>.</param>
/// <param name="package">What holds it on Debian and Ubuntu.</param>
/// <param name="entryPoint">A function that must be in it; one that came last to its interface.</param>
internal sealed class SystemLibrary(string name, string package, string entryPoint)
{
    private readonly Lazy<bool> _isLoaded = new(
        () => NativeLibrary.TryLoad(name, typeof(SystemLibrary).Assembly, null, out nint library)
            && NativeLibrary.TryGetExport(library, entryPoint, out _));

    public bool IsLoaded => _isLoaded.Value;

    /// <summary>What is missing and how to get it, for people.</summary>
    public string HowToGetIt => $"{name} cannot be loaded; install it, on Debian and Ubuntu with: apt-get install {package}";
}
