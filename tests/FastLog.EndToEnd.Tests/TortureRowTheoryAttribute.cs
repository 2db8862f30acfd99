using FastLog.Torture;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace FastLog.EndToEnd.Tests;

/// <summary>
/// One test for each row of the harness; a row that this machine cannot run is a skipped test with the reason. The method
/// takes the row's name.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("FastLog.EndToEnd.Tests.TortureRowDiscoverer", "FastLog.EndToEnd.Tests")]
internal sealed class TortureRowTheoryAttribute : TheoryAttribute;

/// <summary>Asks each row whether it can run before it becomes a test case.</summary>
public sealed class TortureRowDiscoverer(IMessageSink messages) : TheoryDiscoverer(messages)
{
    protected override IEnumerable<IXunitTestCase> CreateTestCasesForDataRow(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute, object[] dataRow)
    {
        ITortureRow row = TortureSuite.Rows.Single(known => known.Name == (string)dataRow[0]);
        string? missing = row.Missing(TortureTests.Context(Path.GetTempPath()));
        return missing is null
            ? base.CreateTestCasesForDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow)
            : CreateTestCasesForSkippedDataRow(discoveryOptions, testMethod, theoryAttribute, dataRow, missing);
    }
}
