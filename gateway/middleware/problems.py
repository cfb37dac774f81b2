"""Every refusal and every unknown error becomes a problem document, here and nowhere else."""

from aiohttp import web

from gateway.exchange import Exchange, Next
from gateway.problem import Problem, ProblemError, internal


async def problems(exchange: Exchange, proceed: Next) -> web.StreamResponse:
    """Answer a ProblemError as it says, and anything else as INTERNAL; see Middleware."""
    try:
        return await proceed(exchange)
    except ProblemError as error:
        return problem_response(exchange, error.problem)
    except ConnectionError:
        # The client has gone; aiohttp knows what to do.
        raise
    except Exception as error:
        exchange.failure = error
        if exchange.started:
            raise ConnectionAbortedError from error
        return problem_response(exchange, internal())


def problem_response(exchange: Exchange, problem: Problem) -> web.Response:
    """Make the answer, and note the reason for log and trace."""
    exchange.reason = problem.reason
    response = web.Response(
        status=problem.status,
        body=problem.body(exchange.trace_id),
        headers={**exchange.answer_headers, **problem.all_headers()},
    )
    if problem.close:
        response.force_close()
    return response
