/** A value that is there already, or will be: most of what is asked for often is there. */
export type Soon<T> = T | Promise<T>;

/** Goes on with a value: at once, if it is there. */
export function whenThere<T, U>(given: Soon<T>, next: (value: T) => Soon<U>): Soon<U> {
  return given instanceof Promise ? given.then(next) : next(given);
}

/** As `whenThere`, for what may fail, now or later. */
export function recover<T>(make: () => Soon<T>, onError: (error: unknown) => Soon<T>): Soon<T> {
  try {
    const given = make();
    return given instanceof Promise ? given.catch(onError) : given;
  } catch (error) {
    return onError(error);
  }
}
